"""Carry out plans, a slice of scripts at a time.

No decision is made here. A slice is written in two transactions, in this order:
what is in force, with every trigger's memory as it was; then the moments and the
runs, which move that memory forward. A crash in between makes the next pass find
the same moments again, and their rows are unique.
"""

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from engine.model.identity import ScriptId, TriggerKey
from engine.model.plan import DeleteScript, ScriptAction
from engine.model.tree import Tree
from engine.ports import InForce, Transition
from engine.reconcile.builds import Builds
from engine.reconcile.endings import Endings
from engine.reconcile.observe import observe
from engine.reconcile.parts import Parts
from engine.reconcile.plan import ScriptPlan, plan_script
from engine.reconcile.record import Recorder
from engine.reconcile.state import State

logger = logging.getLogger(__name__)

SLICE = 200
"""Scripts per transaction: about 10 ms of planning, so that due runs are not held up."""

Files = Mapping[ScriptId, Mapping[TriggerKey, Mapping[str, str]]]
NO_FILES: Files = {}


class Passes:
    def __init__(
        self, parts: Parts, state: State, recorder: Recorder, endings: Endings, builds: Builds
    ) -> None:
        self._parts = parts
        self._state = state
        self._recorder = recorder
        self._endings = endings
        self._builds = builds
        self._turn = asyncio.Lock()

    async def look(
        self,
        scripts: Collection[ScriptId],
        tree: Tree,
        *,
        files: Files = NO_FILES,
        starting: datetime | None = None,
    ) -> list[ScriptAction]:
        """Plan and apply the named scripts; returns what changed, in order of id."""
        clock = self._parts.clock
        self._state.wakefulness.look(clock.now(), clock.monotonic())
        done: list[ScriptAction] = []
        # Deletes before adds, so that a directory that moved is never there twice.
        ordered = sorted(scripts, key=lambda script: (script in tree.entries, script))
        remaining = iter(ordered)
        while part := list(islice(remaining, SLICE)):
            async with self._turn:
                plans = [self._plan(script, tree, files, starting) for script in part]
                done += await self._apply(part, plans)
            await asyncio.sleep(0)
        return done

    def _plan(
        self, script: ScriptId, tree: Tree, files: Files, starting: datetime | None
    ) -> ScriptPlan:
        desired = self._state.desired(script, tree)
        observed = observe(
            self._parts,
            self._state,
            desired,
            self._state.scripts.get(script),
            files=files.get(script, {}),
            starting=starting,
        )
        return plan_script(desired, observed, self._parts.clock.now())

    async def _apply(
        self, scripts: Sequence[ScriptId], plans: Sequence[ScriptPlan]
    ) -> list[ScriptAction]:
        await self._save(plans)
        for script, plan in zip(scripts, plans, strict=True):
            self._take_over(script, plan)
        await self._record(scripts, plans)
        for plan in plans:
            self._endings.cancel_all(plan.cancels)
        for plan in plans:
            if plan.build is not None:
                self._builds.ask(plan.build)
        self._endings.dispatcher.start_what_may()
        return [plan.action for plan in plans if plan.action is not None]

    async def _save(self, plans: Sequence[ScriptPlan]) -> None:
        changed = [plan.in_force for plan in plans if plan.save and plan.in_force is not None]
        removed = [plan.action.id for plan in plans if isinstance(plan.action, DeleteScript)]
        if changed or removed:
            await self._parts.scripts.save(changed, removed)

    def _take_over(self, script: ScriptId, plan: ScriptPlan) -> None:
        if plan.in_force is None:
            before = self._state.scripts.get(script)
            self._state.remove(script)
            if before is not None:
                self._parts.linked(before, None)
            return
        before = self._state.scripts.get(script)
        self._state.put(plan.in_force)
        self._state.wakes.set(script, plan.wake_at)
        if before is None or before.environment != plan.in_force.environment:
            self._link(plan.in_force)

    def _link(self, in_force: InForce) -> None:
        key = in_force.environment
        environment = self._parts.environments.by_key(key) if key else None
        if environment is not None:
            self._parts.linked(in_force, environment)

    async def _record(self, scripts: Sequence[ScriptId], plans: Sequence[ScriptPlan]) -> None:
        pairs = list(zip(scripts, plans, strict=True))
        transition = Transition(
            occurrences=[row for plan in plans for row in plan.occurrences],
            last_due={
                (script, key): at for script, plan in pairs for key, at in plan.last_due.items()
            },
            files={
                (script, key): seen for script, plan in pairs for key, seen in plan.files.items()
            },
            new_runs=[run for plan in plans for run in plan.runs],
        )
        if transition.occurrences or transition.last_due or transition.files:
            await self._recorder.record(transition)


def changed_between(before: Tree, after: Tree) -> Iterator[ScriptId]:
    """Yield the scripts whose entry is not the one that was seen before."""
    for script, entry in after.entries.items():
        if before.entries.get(script) is not entry:
            yield script
    for script in before.entries:
        if script not in after.entries:
            yield script
