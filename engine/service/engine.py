"""Class Engine: everything that the command line and the web may ask for.

It owns the parts and their order of starting and stopping, translates plain text
into ids, and leaves every decision to the folders below.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from engine.errors import NotFound
from engine.model.event import Listener
from engine.model.identity import RunId, ScriptId
from engine.model.plan import Plan
from engine.model.run import Occurrence, Run, RunStatus
from engine.model.status import (
    Collected,
    Coming,
    Health,
    Output,
    OutputLine,
    RunSample,
    ScriptReport,
)
from engine.ports import Page, RunFilter
from engine.runs import lines, output
from engine.runs.output import View
from engine.runs.samples import curve
from engine.runs.tails import BATCH, Tails
from engine.schedule.preview import coming
from engine.service.admission import Admission
from engine.service.compose import Composition, compose
from engine.service.edits import Edits
from engine.service.entrances import Entrances
from engine.service.following import Following
from engine.service.health import health
from engine.service.reports import ScriptFilter
from engine.service.sync import pending
from engine.service.telling import Telling
from engine.service.waiting import Waiters
from engine.tree.ahead import LookAhead
from schemas.settings import Settings

logger = logging.getLogger(__name__)

NO_ENV: Mapping[str, str] = {}
DEADLINE_SECONDS = 10.0
"""How long the start waits for the runner to answer."""


class Engine(Telling, Edits, Following, Entrances, Admission):
    """A served tree; use on one event loop."""

    def __init__(self, composition: Composition) -> None:
        self._all = composition
        self._waiters = Waiters()
        self._tails = Tails()
        composition.bus.subscribe(self._waiters.receive)
        self._stopping = asyncio.Event()

    @classmethod
    def open(
        cls, settings: Settings, *, server_started: datetime, ahead: LookAhead | None = None
    ) -> "Engine":
        """Open the data directory; raises EngineError when it cannot be used.

        `ahead`: see `engine.service.ahead`.
        """
        return cls(compose(settings, server_started, ahead))

    @property
    def settings(self) -> Settings:
        return self._all.settings

    @property
    def tree_root(self) -> Path:
        return self._all.root

    async def start(self) -> None:
        """Bring the tree into force and begin to run; returns when all is scheduled."""
        await self._all.start(DEADLINE_SECONDS)

    def drain(self) -> None:
        """Start nothing more; what runs may end."""
        self._all.endings.dispatcher.draining = True

    def end_runs(self) -> None:
        """Have the runner end all runs, and itself after them. Raises Unavailable."""
        self._all.client.stop("cancel")

    async def stop(self) -> None:
        """Start nothing more, let go of the runs, which the runner goes on guarding."""
        await self._all.stop()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called for every event; returns what ends that."""
        return self._all.bus.subscribe(listener)

    def health(self) -> Health:
        return health(self._all)

    def now(self) -> datetime:
        return self._all.clock.now()

    # Scripts

    def scripts(
        self,
        *,
        q: str | None = None,
        status: str | None = None,
        folder: str | None = None,
        patterns: tuple[str, ...] = (),
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[ScriptReport]:
        which = ScriptFilter(q=q, status=status, folder=folder, patterns=patterns)
        return self._all.reports.page(which, limit=limit, cursor=cursor, now=self.now())

    def script(self, script_id: str) -> ScriptReport:
        """Tell all about one script. Raises NotFound."""
        return self._all.reports.one(ScriptId(script_id), self.now())

    def coming(self, script_id: str, count: int) -> Sequence[Coming]:
        """Return the next occurrences of a script, soonest first. Raises NotFound."""
        script = self._definition(script_id)
        if not script.enabled:
            return ()
        found = coming(script.triggers, script.id, from_=self.now(), count=count)
        return [Coming(due=each.local, trigger=each.trigger) for each in found]

    async def rebuild_environment(self, script_id: str, *, requested_by: str) -> Sequence[ScriptId]:
        """Have a script's environment built anew; returns who will use it. Raises NotFound."""
        script = self._definition(script_id)
        return await self._all.script_environments.rebuild(script, requested_by)

    def occurrences(
        self, script_id: str, *, limit: int, cursor: str | None = None
    ) -> Page[Occurrence]:
        """Return a page of the script's ledger, newest first."""
        return self._all.runs.occurrences(ScriptId(script_id), limit=limit, cursor=cursor)

    def plan(self) -> Plan:
        """Return what waits to be brought into force: what is held back or was not seen yet."""
        return pending(self._all)

    async def reconcile(self, *, confirm: bool = False) -> Plan:
        """Make a full pass now; `confirm` lets removals through that wait for it."""
        if confirm:
            self._all.removals.confirm(self._all.state.kept)
        return await self._all.loop.look(None)

    # Runs

    def runs(self, which: RunFilter, *, limit: int, cursor: str | None = None) -> Page[Run]:
        """Return a page of runs, newest first; a start is written a moment after it is known."""
        page = self._all.runs.page(which, limit=limit, cursor=cursor)
        return Page(
            items=[self._going(run.id) or run for run in page.items], next_cursor=page.next_cursor
        )

    def _going(self, run_id: RunId) -> Run | None:
        """Return a run whose end is not on record, as it is; its row may be a moment older."""
        state = self._all.state
        return state.active.get(run_id) or state.ending.get(run_id)

    def run(self, run_id: str) -> Run:
        """Return one run. Raises NotFound."""
        run = self._going(RunId(run_id)) or self._all.runs.run(RunId(run_id))
        if run is None:
            raise NotFound(f"there is no run {run_id!r}")
        return run

    def waiting_reasons(self, run_ids: Collection[str]) -> Mapping[str, str]:
        """Say what runs wait for, of those that are queued; they are looked at together."""
        active = self._all.state.active
        queued = [
            run_id
            for run_id in run_ids
            if (run := active.get(RunId(run_id))) is not None and run.status is RunStatus.QUEUED
        ]
        if not queued:
            return {}
        reasons = self._all.endings.dispatcher.admission().reasons
        return {run_id: reasons.get(RunId(run_id), "starts now") for run_id in queued}

    async def output(
        self, run_id: str, *, offset: int = 0, limit: int = 1_000_000, stream: View = "all"
    ) -> Output:
        """Return a part of a run's output, counted in bytes of both streams together."""
        finished = self.run(run_id).status.final
        if not finished and limit >= 2 * BATCH:
            return self._live_output(RunId(run_id), offset, limit, stream)
        read = partial(output.read, offset=offset, view=stream, limit=limit)
        # An archived one is unpacked from its beginning.
        found = await asyncio.to_thread(self._all.files.look, RunId(run_id), read)
        return Output(
            data=found.data,
            offset=offset,
            next_offset=found.next_offset,
            finished=finished and not found.more,
        )

    def _live_output(self, run_id: RunId, offset: int, limit: int, stream: View) -> Output:
        directory = self._all.places.run(run_id)
        found = self._tails.read(run_id, directory, offset=offset, view=stream, limit=limit)
        return Output(data=found.data, offset=offset, next_offset=found.next_offset, finished=False)

    async def metrics(self, run_id: str) -> Sequence[RunSample]:
        """Return CPU and memory of a run over time; nothing of one too short to be measured."""
        run = self.run(run_id)
        found = await asyncio.to_thread(self._all.files.samples, run.id)
        return curve(found, run.started_at)

    def output_lines(self, run_id: str, *, tail: int | None = None) -> Sequence[OutputLine]:
        """Return a run's output as lines, each with its time and stream."""
        self.run(run_id)
        count = sys.maxsize if tail is None else tail
        found = self._all.files.look(RunId(run_id), partial(lines.tail, count=count))
        return [OutputLine(at=line.at, stream=line.stream, text=line.text) for line in found]

    async def execute(
        self,
        script_id: str,
        *,
        args: Sequence[str] = (),
        env: Mapping[str, str] = NO_ENV,
        may_steer: bool = False,
        requested_by: str,
    ) -> RunId:
        """Queue a run by hand. Raises NotFound, Forbidden, and Refused by the overlap rule."""
        return await self._all.requests.execute(
            self._definition(script_id),
            args=args,
            env=env,
            may_steer=may_steer,
            requested_by=requested_by,
        )

    async def trigger(
        self,
        script_id: str,
        *,
        payload: bytes | None = None,
        requested_by: str,
        idempotency_key: str | None = None,
    ) -> RunId:
        """Queue a run by the script's url trigger. Raises NotFound and Refused."""
        return await self._all.requests.trigger(
            self._definition(script_id),
            payload=payload,
            requested_by=requested_by,
            idempotency_key=idempotency_key,
        )

    async def cancel(self, run_id: str, *, requested_by: str) -> None:
        """Ask a queued or running run to stop. Raises NotFound and Unavailable."""
        self._all.requests.cancel(RunId(run_id), requested_by)

    async def wait(self, run_id: str, seconds: float) -> Run:
        """Return the run when it is over, or as it is after so many seconds."""
        ended = await self._waiters.wait(
            RunId(run_id), lambda: self.run(run_id).status.final, seconds=seconds
        )
        return ended or self.run(run_id)

    async def wait_output(self, run_id: str, offset: int, seconds: float) -> None:
        """Wait until the run writes more, beyond `offset`, or is over, at most so long.

        To be called right after a look at its output: what was told before, and is still
        not there to be read, has met a full disk and never will be.
        """
        told = max(offset, self._waiters.size(RunId(run_id)))
        await self._waiters.wait(
            RunId(run_id),
            lambda: self.run(run_id).status.final or self._waiters.size(RunId(run_id)) > told,
            seconds=seconds,
        )

    async def collect(self) -> Collected:
        """Remove environments that nothing uses and runs past their time."""
        return await self._all.collect()
