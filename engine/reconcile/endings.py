"""Follow runs from the runner's events to their rows.

Every end goes one way: conclude, free the slot, write the end together with what
follows from it, archive the output, and only then let the runner forget the run.
A crash between any two of these is mended by the next connection's list.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence

from engine.model.event import OutputGrew, RunnerChanged
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
    Transition,
)
from engine.reconcile.dispatch import Dispatcher
from engine.reconcile.enqueue import Cancel
from engine.reconcile.follow import consequences
from engine.reconcile.parts import Parts
from engine.reconcile.record import Recorder
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks
from engine.runs.recover import Ended, Live, Lost, NotStarted, Recovery
from engine.runs.verdict import conclude, ended_without_report, started

logger = logging.getLogger(__name__)


class Endings:
    def __init__(self, parts: Parts, state: State, recorder: Recorder, tasks: Tasks) -> None:
        self._parts = parts
        self._state = state
        self._recorder = recorder
        self._tasks = tasks
        self.dispatcher = Dispatcher(parts, state, tasks, self.end_unstarted)
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
            case RunnerConnected():
                self._tasks.spawn(self._connected(event))
            case RunnerLost():
                self.dispatcher.ready = False
                self._parts.publish(RunnerChanged(connected=False))

    def _started(self, event: RunStarted) -> None:
        self._state.starting.discard(event.id)
        run = self._state.active.get(event.id)
        if run is None or run.status is not RunStatus.QUEUED:
            return
        run = started(run, event.at)
        self._state.active.put(run)
        self._tasks.spawn(self._recorder.record(Transition(changed_runs=(run,))))

    def _exited(self, report: ExitReport) -> None:
        run = self._state.active.get(report.id)
        if run is None:
            self._tasks.spawn(self._put_away(report.id))
            return
        script = self._state.script(run.script)
        self._end(conclude(run, report, script))

    def _end(self, run: Run) -> None:
        """Free the run's slot at once, and write the rest while the next run starts already."""
        self._state.starting.discard(run.id)
        self._state.active.remove(run.id)
        self.dispatcher.start_what_may()
        self._tasks.spawn(self._finish(run))

    async def _finish(self, run: Run) -> None:
        follow = consequences(
            run,
            self._state.script(run.script),
            self._state.followers(run.script),
            self._state.active.of,
            self._parts.clock.now(),
        )
        await self._recorder.record(
            Transition(
                occurrences=follow.occurrences,
                new_runs=(*([follow.retry] if follow.retry else ()), *follow.runs),
                changed_runs=(run,),
            )
        )
        self.cancel_all(follow.cancels)
        if follow.retry or follow.runs:
            self.dispatcher.start_what_may()
        await self._put_away(run.id)

    async def _put_away(self, run_id: RunId) -> None:
        await self._parts.files.archive(run_id)
        self._parts.launcher.acknowledge([run_id])

    def put_away_all(self, run_ids: Iterable[RunId]) -> None:
        """Archive what an earlier engine left of runs that are over."""
        for run_id in run_ids:
            if self._state.active.get(run_id) is None:
                self._tasks.spawn(self._put_away(run_id))

    def end_unstarted(self, run: Run, status: RunStatus, reason: str) -> None:
        """End a run that no process belongs to."""
        self._state.starting.discard(run.id)
        self._state.active.remove(run.id)
        ended = ended_without_report(run, status, reason, self._parts.clock.now())
        self._tasks.spawn(self._finish(ended))

    def cancel_all(self, cancels: Sequence[Cancel]) -> None:
        for cancel in cancels:
            self.cancel(cancel.run, cancel.reason)

    def cancel(self, run_id: RunId, reason: str) -> None:
        """Stop a run: a queued one is over at once, a running one when its tree is gone.

        Raises Unavailable when it runs and the runner cannot be reached.
        """
        run = self._state.active.get(run_id)
        if run is None:
            return
        if run.status is RunStatus.QUEUED and run_id not in self._state.starting:
            self.end_unstarted(run, RunStatus.CANCELLED, reason)
        else:
            self._parts.launcher.cancel(run_id, reason)

    def _refused(self, run_id: RunId) -> None:
        """Look again at a start that was claimed before: by us, over a connection that broke."""
        run = self._state.active.get(run_id)
        if run is not None and run.status is RunStatus.QUEUED:
            self._parts.launcher.refresh()

    async def _connected(self, event: RunnerConnected) -> None:
        """Match every run that is not over with what the runner and the disk know of it."""
        # Nothing is started meanwhile: a claim that a new start makes now would
        # be read as one that nobody can account for.
        self.dispatcher.ready = False
        self._state.starting.clear()
        active = tuple(self._state.active)
        found = await self._parts.files.survey(active, event)
        for run, recovery in zip(active, found, strict=True):
            if self._state.active.get(run.id) is run:
                self._recover(run, recovery)
        for report in event.ended:
            if self._state.active.get(report.id) is None:
                self._tasks.spawn(self._put_away(report.id))
        self.dispatcher.ready = True
        self.recovered.set()
        self._parts.publish(RunnerChanged(connected=True))
        self.dispatcher.start_what_may()

    def _recover(self, run: Run, recovery: Recovery) -> None:
        match recovery:
            case Live(started_at=at):
                self._started(RunStarted(id=run.id, at=at, pid=0))
            case Ended(report=report):
                self._exited(report)
            case Lost(reason=reason):
                logger.warning("run interrupted", extra={"run_id": run.id, "reason": reason})
                self.end_unstarted(run, RunStatus.INTERRUPTED, reason)
            case NotStarted():
                pass
