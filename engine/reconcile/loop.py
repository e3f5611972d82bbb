"""The one loop: signals in, passes out.

File events, alarms, finished builds and API calls carry no authority: each only
says "look at this script again". Signals that arrive together become one pass
over the files; a full pass every so often finds whatever no signal told. Due
times do not wait for it: they are planned as soon as the alarm rings, from what
is in force.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from engine.errors import UnsafeTree
from engine.model.event import PlanApplied, SyncChanged
from engine.model.identity import ScriptId, TriggerKey
from engine.model.plan import Plan, ScriptAction
from engine.model.script import Script
from engine.model.tree import UNREADABLE, Entry, Problem, Tree
from engine.reconcile.halfway import Halfway
from engine.reconcile.notes import note
from engine.reconcile.parts import Parts
from engine.reconcile.pass_tally import PassTally
from engine.reconcile.passes import Files, Passes, changed_between
from engine.reconcile.preview import problems_of
from engine.reconcile.removals import Removals
from engine.reconcile.state import State, entry_of, watches_files
from engine.reconcile.tasks import Tasks

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 0.1
"""How long a file that is being written gets before it is looked at again."""
NOTES_AT_ONCE = 100
"""Lines of the journal that share a transaction."""
TRY_AGAIN_SECONDS = 1.0
"""After a pass that failed in a way nobody expected."""


class Loop:
    def __init__(
        self, parts: Parts, state: State, passes: Passes, removals: Removals, tasks: Tasks
    ) -> None:
        self._parts = parts
        self._state = state
        self._passes = passes
        self._removals = removals
        self._tasks = tasks
        self._signal = asyncio.Event()
        self._dirty: set[ScriptId] = set()
        self._all = False
        self._turn = asyncio.Lock()
        self._halfway = Halfway()
        self._unreadable: str | None = None
        self.tally = PassTally()
        self._told: Sequence[Problem] = ()
        """Problems of no script, such as a directory with an impossible name, as last published."""
        self._in_sync = SyncChanged(failure=None, held=None)

    @property
    def failure(self) -> str | None:
        """Why not all of the tree can be brought into force; None when all is well."""
        if self._unreadable is not None or not self._state.failures:
            return self._unreadable
        script, reason = next(iter(self._state.failures.items()))
        return f"{len(self._state.failures)} scripts cannot be planned, such as {script}: {reason}"

    @property
    def missed(self) -> bool:
        """Whether the last scan could not read all of the tree: when it can be read is no event."""
        tree = self._state.tree
        return (
            self._unreadable is not None
            or any(problem.code == UNREADABLE for problem in tree.problems)
            or not all(entry.signature for entry in tree.entries.values())
        )

    @property
    def busy(self) -> bool:
        """A pass goes on or is asked for."""
        return self._turn.locked() or self._signal.is_set()

    def look_at(self, scripts: Collection[ScriptId] | None) -> None:
        """Have scripts looked at soon; None means the whole tree."""
        if scripts is None:
            self._all = True
        else:
            self._dirty.update(scripts)
        self._signal.set()

    async def unfinished(self) -> set[ScriptId]:
        """Return the scripts for which a plan may be other than empty, whatever their files say.

        And those with a file that could not be read, which may be readable by now.
        """
        tree = self._state.tree
        unread = {script for script, entry in tree.entries.items() if _is_unread(entry)}
        return unread | await self._passes.changed({*tree.entries, *self._state.scripts}, tree)

    async def run(self) -> None:
        """Go on for as long as the server does."""
        while True:
            await self._signal.wait()
            self._signal.clear()
            only, self._dirty = (None if self._all else frozenset(self._dirty)), set()
            self._all = False
            try:
                await self.look(only)
            except Exception as error:
                # Nobody knows what was done of it; all is looked at again.
                self._tasks.failed(error)
                loop = asyncio.get_running_loop()
                loop.call_later(TRY_AGAIN_SECONDS, self.look_at, None)

    async def look(
        self,
        only: Collection[ScriptId] | None = None,
        *,
        starting: datetime | None = None,
        meant: Collection[ScriptId] = (),
    ) -> Plan:
        """Scan, plan and apply: the named scripts, or the whole tree. Returns what was done.

        Scripts whose files we have just written or removed ourselves are `meant`: they are
        whole, and their removal needs no confirmation.
        """
        async with self._turn:
            with self.tally.measured(self._parts.clock):
                return await self._pass(only, starting, meant)

    async def _pass(
        self,
        only: Collection[ScriptId] | None,
        starting: datetime | None,
        meant: Collection[ScriptId],
    ) -> Plan:
        before, kept = self._state.tree, self._state.kept
        scanned = await self._scan(only)
        tree = self._accept(scanned, meant)
        changed = {*changed_between(before, tree), *(kept - self._state.kept)}
        named = {*tree.entries, *self._state.scripts} if only is None else set(only)
        named |= changed
        files = await self._files((named & self._state.watching) | changed, tree)
        try:
            if starting is not None:
                actions = await self._passes.at_start(named, tree, files=files, starting=starting)
                self._tasks.spawn(self._passes.link_rest())
            else:
                if only is None:
                    named = await self._passes.changed(named, tree)
                actions = await self._passes.look(named, tree, files=files)
        finally:
            self._ring_again()
        return self._report(actions, scanned or tree)

    async def _scan(self, only: Collection[ScriptId] | None) -> Tree | None:
        """Return the tree, or None while it cannot be read: then all stays in force as it is."""
        try:
            tree = await asyncio.to_thread(self._parts.tree.scan, only)
        except UnsafeTree as error:
            # Where there are no events it is tried every two seconds.
            if self._unreadable != str(error):
                logger.error("the tree cannot be read", extra={"error": str(error)})
            self._unreadable = str(error)
            return None
        self._unreadable = None
        return tree

    def _accept(self, scanned: Tree | None, meant: Collection[ScriptId]) -> Tree:
        """Return the tree to bring into force: what was scanned, without what may be half of it."""
        state = self._state
        if scanned is None:
            state.kept |= state.scripts.keys() - state.tree.entries.keys()
            return state.tree
        unsettled = self._parts.tree.unsettled
        if unsettled:
            loop = asyncio.get_running_loop()
            loop.call_later(SETTLE_SECONDS, self.look_at, unsettled)
        monotonic = self._parts.clock.monotonic()
        unsure = unsettled.difference(meant)
        tree = self._halfway.keep_back(scanned, unsure, self._known, monotonic)
        in_force = state.scripts.keys() - set(meant) if meant else state.scripts
        allowed = self._removals.allow(in_force, tree)
        state.tree, state.held, state.kept = tree, allowed.held, allowed.kept
        return tree

    def _known(self, script: ScriptId) -> Entry | None:
        in_force = self._state.scripts.get(script)
        return entry_of(in_force) if in_force else None

    async def _files(self, scripts: Collection[ScriptId], tree: Tree) -> Files:
        """Look into the directories that `files` triggers of the scripts watch."""
        watching = [
            script
            for each in scripts
            if (script := self._definition(each, tree)) is not None and watches_files(script)
        ]
        if not watching:
            return {}
        return await asyncio.to_thread(self._look_into, watching)

    def _definition(self, script: ScriptId, tree: Tree) -> Script | None:
        """Return what is in force of a script after this pass."""
        entry = tree.entries.get(script)
        if entry is not None and entry.script is not None:
            return entry.script
        return self._state.script(script)

    def _look_into(
        self, scripts: Sequence[Script]
    ) -> dict[ScriptId, Mapping[TriggerKey, Mapping[str, str]]]:
        found: dict[ScriptId, Mapping[TriggerKey, Mapping[str, str]]] = {}
        for script in scripts:
            try:
                found[script.id] = self._parts.inboxes.look(script)
            except OSError as error:
                # What cannot be seen has not changed.
                extra = {"script_id": script.id, "error": str(error)}
                logger.warning("watched files cannot be read", extra=extra)
        return found

    def _report(self, actions: list[ScriptAction], tree: Tree) -> Plan:
        self.tally.changes += len(actions)
        plan = Plan(actions=tuple(actions), problems=problems_of(tree), held=self._state.held)
        if actions:
            self._tasks.spawn(self._write_down(actions))
        if actions or tree.problems != self._told:
            self._told = tree.problems
            self._parts.publish(PlanApplied(plan))
        in_sync = SyncChanged(self.failure, self._state.held)
        if in_sync != self._in_sync:
            self._in_sync = in_sync
            self._parts.publish(in_sync)
        return plan

    async def _write_down(self, actions: Sequence[ScriptAction]) -> None:
        journal = self._parts.journal
        for first in range(0, len(actions), NOTES_AT_ONCE):
            part = actions[first : first + NOTES_AT_ONCE]
            lines = (note(journal, type(action).__name__, action.id) for action in part)
            await asyncio.gather(*lines)

    def ring(self) -> None:
        """Plan what is due now; called by the alarm."""
        self._tasks.spawn(self._due())

    async def _due(self) -> None:
        now = self._parts.clock.now()
        due = list(self._state.wakes.due(now))
        try:
            actions = await self._passes.look(due, self._state.tree) if due else []
            if actions:
                self._report(actions, self._state.tree)
        except Exception:
            for script in due:
                if script in self._state.scripts and self._state.wakes.of(script) is None:
                    self._state.wakes.set(script, now + timedelta(seconds=TRY_AGAIN_SECONDS))
            raise
        finally:
            self._ring_again()

    def _ring_again(self) -> None:
        self._parts.alarm.set(self._state.wakes.next, self.ring)


def _is_unread(entry: Entry) -> bool:
    return any(problem.code == UNREADABLE for problem in entry.problems)
