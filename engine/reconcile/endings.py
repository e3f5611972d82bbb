"""Follow runs from the runner's events to their rows.

Every end goes one way: conclude, free the slot, write the end together with what
follows from it, let the runner forget the run, archive the output. A crash
between any two of these is mended by the next connection's list, or the next start.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Sequence

from engine.errors import Unavailable
from engine.failpoint import reached
from engine.model.event import OutputGrew, RunChanged, RunnerChanged
from engine.model.identity import RunId
from engine.model.run import Run, RunStatus
from engine.ports import (
    ExitReport,
    RunExited,
    RunnerConnected,
    RunnerEvent,
    RunnerLost,
    RunOutput,
    RunStarted,
    StartRefused,
    StartTurnedDown,
    Transition,
)
from engine.reconcile.archiving import Archiving
from engine.reconcile.dispatch import Dispatcher
from engine.reconcile.enqueue import Cancel
from engine.reconcile.follow import Consequences, consequences
from engine.reconcile.notes import facts_of
from engine.reconcile.parts import Parts
from engine.reconcile.record import Recorder
from engine.reconcile.reunion import Reunion
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks
from engine.runs.recover import Ended, Live, Lost, NotStarted, Recovery
from engine.runs.verdict import conclude, ended_without_report, started

logger = logging.getLogger(__name__)

BEGIN_TOGETHER = 0.05
"""Seconds from the start of a run until its row tells of it."""


class Endings:
    def __init__(self, parts: Parts, state: State, recorder: Recorder, tasks: Tasks) -> None:
        self._parts = parts
        self._state = state
        self._recorder = recorder
        self._tasks = tasks
        self._archiving = Archiving(parts, state, tasks)
        self._begun: list[RunId] = []
        self._cancelling: dict[RunId, str] = {}
        """Reasons of runs that are to be cancelled; told again to each new connection."""
        self.dispatcher = Dispatcher(parts, state, tasks, self.end_unstarted, recorder.record)
        recorder.stamp = self.dispatcher.stamped
        self._reunion = Reunion(parts, state, self.dispatcher, self._recover)
        self.recovered = asyncio.Event()
        """Set once the runs of an earlier engine are accounted for."""

    def receive(self, event: RunnerEvent) -> None:
        """Take in one event of the runner; called on the event loop."""
        match event:
            case RunStarted():
                self._started(event)
            case RunExited(report=report):
                self._exited(report)
            case RunOutput(sizes=sizes):
                self._parts.publish(OutputGrew(sizes))
            case StartRefused(id=run_id):
                self._refused(run_id)
            case StartTurnedDown(id=run_id):
                self._state.starting.discard(run_id)
                self.dispatcher.try_again()
            case RunnerConnected():
                self._reunion.part()
                self._tasks.spawn(self._connected(event))
            case RunnerLost():
                self._reunion.part()
                self._parts.publish(RunnerChanged(connected=False))

    def _started(self, event: RunStarted) -> None:
        self._state.starting.discard(event.id)
        run = self._state.active.get(event.id)
        if run is None or run.status is not RunStatus.QUEUED:
            return
        run = started(run, event.at)
        self._state.active.put(run)
        self._parts.publish(RunChanged(run))
        if not self._begun:
            self._tasks.spawn(self._record_begun())
        self._begun.append(run.id)

    async def _record_begun(self) -> None:
        """Put on record which runs have begun; nothing hangs on it, and many are over by now."""
        await asyncio.sleep(BEGIN_TOGETHER)
        begun = [self._state.active.get(run_id) for run_id in self._begun]
        self._begun.clear()
        going = [run for run in begun if run is not None and run.status is RunStatus.RUNNING]
        if going:
            await self._recorder.record(Transition(changed_runs=going))

    def _exited(self, report: ExitReport) -> None:
        run = self._state.active.get(report.id)
        if run is None:
            self._archiving.begin([report.id])
        else:
            self._end(conclude(run, report, self._state.script(run.script)))

    def end_unstarted(self, run: Run, status: RunStatus, reason: str) -> None:
        """End a run that no process belongs to."""
        self._end(ended_without_report(run, status, reason, self._parts.clock.now()))

    def _end(self, run: Run) -> None:
        """Free the run's slot at once, and write the rest while the next run starts already."""
        self._state.starting.discard(run.id)
        was_to_stop = self._cancelling.pop(run.id, None) is not None
        self._state.ending[run.id] = self._state.active.get(run.id) or run
        self._state.active.remove(run.id)
        self.dispatcher.origins.ended(run)
        self.dispatcher.start_what_may()
        follow = consequences(
            run,
            # It may have failed, or met its limit, just before it was told to stop.
            None if was_to_stop else self._state.script(run.script),
            self._state.followers(run.script),
            self._state.active.of,
            self._parts.clock.now(),
            leads_back=lambda follower: self._state.leads_to(follower, run.script),
        )
        self._tasks.spawn(self._finish(run, follow, self._state.reserve(follow.new_runs)))

    async def _finish(self, run: Run, follow: Consequences, reserved: Collection[RunId]) -> None:
        beginning = self._state.unrecorded.get(run.id)
        if beginning is not None:
            await beginning.wait()
        transition = Transition(
            occurrences=follow.occurrences, new_runs=follow.new_runs, changed_runs=(run,)
        )
        await self._recorder.write(transition, reserved)
        reached("end_committed")
        # Left there if the write failed for good: then the runner goes on remembering it.
        del self._state.ending[run.id]
        self.cancel_all(follow.cancels)
        if follow.new_runs:
            self.dispatcher.start_what_may()
        await self._archiving.put_away(run.id)

    def take_back_promises(self) -> None:
        """Put on record of runs that they were not sent after all, when no more will be.

        Or the next boot of the machine would take them for runs that may have started.
        """
        unsent = [run.but(boot=None) for run in self.dispatcher.unsent()]
        if unsent:
            self._tasks.spawn(self._recorder.record(Transition(changed_runs=unsent)))

    def put_away_all(self, run_ids: Iterable[RunId]) -> None:
        """Archive what an earlier engine left of runs that are over."""
        self._archiving.begin(run_ids)

    def cancel_all(self, cancels: Sequence[Cancel]) -> None:
        """Stop runs; those that the runner cannot be told of now, as soon as it answers."""
        for cancel in cancels:
            try:
                self.cancel(cancel.run, cancel.reason)
            except Unavailable:
                self._cancelling[cancel.run] = cancel.reason

    def cancel(self, run_id: RunId, reason: str) -> None:
        """Stop a run: a queued one is over at once, a running one when its tree is gone.

        Raises Unavailable when it runs and the runner cannot be reached.
        """
        run = self._state.active.get(run_id)
        if run is None:
            return
        if self._is_unsent(run):
            self.dispatcher.withdraw(run_id)
            self.end_unstarted(run, RunStatus.CANCELLED, reason)
            return
        self._parts.launcher.cancel(run_id, reason)
        self._cancelling[run_id] = reason

    def _is_unsent(self, run: Run) -> bool:
        """Say whether it is certain that the runner was never asked to start the run."""
        return (
            run.status is RunStatus.QUEUED
            and run.id not in self._state.starting
            and self.recovered.is_set()
        )

    def _refused(self, run_id: RunId) -> None:
        """Look again at a start that was claimed before: by us, over a connection that broke."""
        run = self._state.active.get(run_id)
        if run is not None and run.status is RunStatus.QUEUED:
            self._reunion.ask_again()

    async def _connected(self, event: RunnerConnected) -> None:
        if not await self._reunion.meet(event):
            return
        self.recovered.set()
        self.cancel_all([Cancel(run_id, why) for run_id, why in self._cancelling.items()])
        self._archiving.begin(report.id for report in event.ended)
        self._parts.publish(RunnerChanged(connected=True))
        self.dispatcher.start_what_may()

    def _recover(self, run: Run, recovery: Recovery) -> None:
        match recovery:
            case Live(started_at=at):
                self._started(RunStarted(id=run.id, at=at, pid=0))
            case Ended(report=report):
                self._exited(report)
            case Lost(reason=reason):
                logger.warning("run interrupted", extra=facts_of(run) | {"reason": reason})
                self.end_unstarted(run, RunStatus.INTERRUPTED, reason)
            case NotStarted():
                self._state.starting.discard(run.id)
