"""Notice what is to be told: ends of runs, runs that take long, successes that do not come.

The rules decide; this brings them the facts and writes what they say into the outbox. Ends
come from the database, where they were written with the run, and not from the event that
tells of them: the event only says that there is something to look at. So an engine that
died in between finds them when it starts again.

A script without `notify` costs one look into its definition when a run of it ends.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from engine.model.event import Event, PlanApplied, RunChanged
from engine.model.identity import RunId, ScriptId
from engine.model.notice import Notice, NoticeKind, Standing
from engine.model.run import Run, RunStatus
from engine.model.script import Script
from engine.notify import rules
from engine.notify.rules import Told
from engine.ports import RunFilter, Settled
from engine.reconcile.wakes import Wakes
from engine.service.notices import Notices
from engine.service.notify_parts import NotifyParts
from engine.service.turns import Turns

logger = logging.getLogger(__name__)

AT_ONCE = 20
"""Ends that are decided on in one transaction."""


class Notifications:
    def __init__(self, parts: NotifyParts, notices: Notices, deliver: Callable[[], None]) -> None:
        """`deliver` is called when there is something new in the outbox."""
        self._clock = parts.clock
        self._state = parts.state
        self._runs = parts.runs
        self._store = parts.store
        self._notices = notices
        self._deliver = deliver
        self.turns = Turns(self._look, parts)
        self._standings: dict[ScriptId, Standing] = {}
        self._overdue = Wakes()
        self._changed: set[ScriptId] = set()
        """Scripts whose definition is to be looked at again."""
        self._begun: set[RunId] = set()
        self._long: dict[RunId, datetime] = {}
        """When it is to be told of a run that it takes long."""

    def begin(self) -> None:
        """Take up what an earlier server left, and look at all scripts that are in force."""
        self._standings = dict(self._store.standings())
        self._changed = set(self._state.scripts)
        self._begun = {run.id for run in self._state.active if run.status is RunStatus.RUNNING}
        self.turns.ask()

    def receive(self, event: Event) -> None:
        """Take in an event of the bus."""
        match event:
            case RunChanged(run=run):
                script = self._state.script(run.script)
                if script is not None and script.notify is not None:
                    self._run_changed(script, run)
            case PlanApplied(plan=plan):
                self._changed.update(action.id for action in plan.actions)
                self.turns.ask()
            case _:
                pass

    def _run_changed(self, script: Script, run: Run) -> None:
        if run.status.final:
            self._long.pop(run.id, None)
            self.turns.ask()
        elif run.status is RunStatus.RUNNING and _tells_long_runs(script):
            self._begun.add(run.id)
            self.turns.ask()

    async def _look(self) -> datetime | None:
        now = self._clock.now()
        await self._take_over_changes(now)
        while ends := self._store.ends(AT_ONCE):
            await self._settle([number for number, _ in ends], [run_id for _, run_id in ends])
        await self._tell_overdue(now)
        await self._tell_long(now)
        times = [at for at in (self._overdue.next, *self._long.values()) if at is not None]
        return min(times, default=None)

    # Ends

    async def _settle(self, numbers: list[int], run_ids: list[RunId]) -> None:
        standings: dict[ScriptId, Standing | None] = {}
        notices: list[tuple[Notice, tuple[str, ...]]] = []
        now = self._clock.now()
        for run_id in run_ids:
            run = self._runs.run(run_id)
            script = self._state.script(run.script) if run is not None else None
            if run is None or script is None or script.notify is None or not rules.wants(script):
                continue
            before = standings.get(script.id) or self._standings.get(script.id)
            after, told = rules.after_end(
                before or rules.beginning(run), run, script.notify.when, now
            )
            standings[script.id] = after
            if told is not None:
                notice = await self._notices.write(script, told, run, now)
                notices.append((notice, script.notify.to))
        await self._write(Settled(ends=numbers, standings=standings, notices=notices))

    async def _write(self, settled: Settled) -> None:
        """Put on disk what was decided, and only then remember it: what fails is done again."""
        await self._store.settle(settled)
        for script_id, standing in settled.standings.items():
            script = self._state.script(script_id)
            if standing is None:
                self._standings.pop(script_id, None)
            else:
                self._standings[script_id] = standing
            at = rules.overdue_at(script, standing) if script and standing else None
            self._overdue.set(script_id, at)
        if settled.notices:
            self._deliver()

    # Successes that do not come

    async def _take_over_changes(self, now: datetime) -> None:
        """Begin to wait for successes of scripts that are to be watched, and end it of others."""
        changed = frozenset(self._changed)
        standings: dict[ScriptId, Standing | None] = {}
        for script_id in changed:
            script, known = self._state.script(script_id), self._standings.get(script_id)
            if script is not None and rules.expects(script):
                standing = known or Standing()
                if standing.expected_since is None:
                    standings[script_id] = replace(standing, expected_since=now)
                else:
                    self._overdue.set(script_id, rules.overdue_at(script, standing))
            elif known is not None and script is None:
                standings[script_id] = None
            elif known is not None and script is not None and script.expect_within is not None:
                # It is switched off: once it is on again, it has its whole time.
                standings[script_id] = replace(known, expected_since=None, overdue_told=False)
        if standings:
            await self._write(Settled(standings=standings))
        self._changed -= changed

    async def _tell_overdue(self, now: datetime) -> None:
        due = list(self._overdue.due(now))
        # Each is waited for until it is told, so that a full disk silences none.
        for script_id in due:
            self._overdue.set(script_id, now)
        for script_id in due:
            script, standing = self._state.script(script_id), self._standings.get(script_id)
            if script is None or standing is None:
                self._overdue.set(script_id, None)
                continue
            after, told = rules.when_overdue(script, standing, now)
            if told is not None:
                await self._tell(script, told, None, now, {script_id: after})
            self._overdue.set(script_id, rules.overdue_at(script, after))

    # Runs that take long

    async def _tell_long(self, now: datetime) -> None:
        self._long |= dict(self._to_watch())
        for run_id in [run_id for run_id, at in self._long.items() if at <= now]:
            run = self._state.active.get(run_id)
            script = self._state.script(run.script) if run is not None else None
            if run is not None and script is not None and _tells_long_runs(script):
                await self._tell(script, Told(kind=NoticeKind.LONG_RUNNING, run=run_id), run, now)
            self._long.pop(run_id, None)

    def _to_watch(self) -> Iterator[tuple[RunId, datetime]]:
        begun, self._begun = self._begun, set()
        for run_id in begun:
            run = self._state.active.get(run_id)
            script = self._state.script(run.script) if run is not None else None
            if run is None or run.started_at is None or script is None:
                continue
            if _tells_long_runs(script):
                bound = rules.long_after(script, self._usual(script.id))
                if bound is not None:
                    yield run_id, run.started_at + bound

    def _usual(self, script: ScriptId) -> list[timedelta]:
        which = RunFilter(script=script, status={RunStatus.SUCCESS})
        page = self._runs.page(which, limit=rules.USUAL_OF)
        return [timedelta(milliseconds=run.duration_ms or 0) for run in page.items]

    async def _tell(
        self,
        script: Script,
        told: Told,
        run: Run | None,
        now: datetime,
        standings: dict[ScriptId, Standing | None] | None = None,
    ) -> None:
        notice = await self._notices.write(script, told, run, now)
        targets = script.notify.to if script.notify is not None else ()
        await self._write(Settled(standings=standings or {}, notices=[(notice, targets)]))


def _tells_long_runs(script: Script) -> bool:
    return rules.wants(script) and NoticeKind.LONG_RUNNING in (
        script.notify.when if script.notify is not None else ()
    )
