"""The one loop: signals in, passes out.

File events, alarms, finished builds and API calls carry no authority: each only
says "look at this script again". Signals that arrive together become one pass
over the files; a full pass every so often finds whatever no signal told. Due
times do not wait for it: they are planned as soon as the alarm rings, from what
is in force.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable
from datetime import datetime

from engine.errors import EngineError, UnsafeTree
from engine.model.event import PlanApplied
from engine.model.identity import ScriptId
from engine.model.plan import Plan, ScriptAction
from engine.model.tree import Tree
from engine.model.trigger import FilesTrigger
from engine.reconcile.parts import Parts
from engine.reconcile.passes import Files, Passes, changed_between
from engine.reconcile.preview import problems_of
from engine.reconcile.removals import Removals
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 0.1
"""How long a file that is being written gets before it is looked at again."""


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
        self.failure: str | None = None
        """Why the tree cannot be read; None when all is well."""

    def look_at(self, scripts: Collection[ScriptId] | None) -> None:
        """Have scripts looked at soon; None means the whole tree."""
        if scripts is None:
            self._all = True
        else:
            self._dirty.update(scripts)
        self._signal.set()

    async def run(self) -> None:
        """Go on for as long as the server does."""
        while True:
            await self._signal.wait()
            self._signal.clear()
            only, self._dirty = (None if self._all else frozenset(self._dirty)), set()
            self._all = False
            try:
                await self.look(only)
            except EngineError as error:
                logger.error("pass failed", extra={"error": str(error)})

    async def look(
        self, only: Collection[ScriptId] | None = None, *, starting: datetime | None = None
    ) -> Plan:
        """Scan, plan and apply: the named scripts, or the whole tree. Returns what was done."""
        async with self._turn:
            before = self._state.tree
            tree = await self._scan(only)
            if tree is None:
                return Plan(problems=self._state.tree.problems)
            self._state.tree = tree
            named = set(only) if only is not None else {*tree.entries, *self._state.scripts}
            named.update(changed_between(before, tree))
            allowed = self._removals.allow(self._state.scripts, tree)
            self._state.held, self._state.kept = allowed.held, allowed.kept
            files = await self._files(named, tree)
            actions = await self._passes.look(named, tree, files=files, starting=starting)
            self._ring_again()
            return await self._report(actions, tree)

    async def _scan(self, only: Collection[ScriptId] | None) -> Tree | None:
        """Return the tree, or None while it cannot be read: then nothing is changed."""
        try:
            tree = await asyncio.to_thread(self._parts.tree.scan, only)
        except UnsafeTree as error:
            self.failure = str(error)
            logger.error("the tree cannot be read", extra={"error": str(error)})
            return None
        self.failure = None
        unsettled = self._parts.tree.unsettled
        if unsettled:
            loop = asyncio.get_running_loop()
            loop.call_later(SETTLE_SECONDS, self.look_at, unsettled)
        return tree

    async def _files(self, named: Iterable[ScriptId], tree: Tree) -> Files:
        """Look into the directories that `files` triggers of the named scripts watch."""
        watching = [
            entry.script
            for script in named
            if (entry := tree.entries.get(script)) is not None
            and entry.script is not None
            and any(isinstance(trigger, FilesTrigger) for trigger in entry.script.triggers)
        ]
        if not watching:
            return {}
        look = self._parts.inboxes.look
        return await asyncio.to_thread(lambda: {script.id: look(script) for script in watching})

    async def _report(self, actions: list[ScriptAction], tree: Tree) -> Plan:
        plan = Plan(actions=tuple(actions), problems=problems_of(tree), held=self._state.held)
        for action in actions:
            await self._parts.journal.record(type(action).__name__, action.id)
        if actions:
            self._parts.publish(PlanApplied(plan))
        return plan

    def ring(self) -> None:
        """Plan what is due now; called by the alarm."""
        self._tasks.spawn(self._due())

    async def _due(self) -> None:
        due = list(self._state.wakes.due(self._parts.clock.now()))
        if due:
            await self._passes.look(due, self._state.tree)
        self._ring_again()

    def _ring_again(self) -> None:
        self._parts.alarm.set(self._state.wakes.next, self.ring)
