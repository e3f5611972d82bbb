"""Carry out plans, a slice of scripts at a time.

No decision is made here. A slice is written in two transactions, in this order:
what is in force, with every trigger's memory as it was; then the moments and the
runs, which move that memory forward. A crash in between makes the next pass find
the same moments again, and their rows are unique.

A script whose plan fails, which is a mistake in this program, is left as it is and
reported; the others of its slice go on.
"""

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.model.environment import Environment
from engine.model.identity import EnvironmentKey, ScriptId, TriggerKey
from engine.model.plan import DeleteScript, ScriptAction
from engine.model.tree import Entry, Tree
from engine.ports import InForce, Transition
from engine.reconcile.builds import Builds
from engine.reconcile.endings import Endings
from engine.reconcile.notes import note
from engine.reconcile.observe import observe
from engine.reconcile.observed import Observed
from engine.reconcile.parts import Parts
from engine.reconcile.plan import ScriptPlan, plan_files, plan_moments
from engine.reconcile.record import Recorder
from engine.reconcile.state import State
from engine.reconcile.unchanged import Planned, slices

logger = logging.getLogger(__name__)

SLICE = 200
"""Scripts per transaction: about 10 ms of planning, so that due runs are not held up."""
SLICE_AT_START = 1_000
"""Until the server has started no alarm rings, and a transaction has its price too."""
LINKS_AT_ONCE = 50

Files = Mapping[ScriptId, Mapping[TriggerKey, Mapping[str, str]]]
NO_FILES: Files = {}


@dataclass(slots=True)
class _Look:
    """One script on its way through a pass."""

    script: ScriptId
    desired: Entry | None
    observed: Observed
    plan: ScriptPlan


class Passes:
    def __init__(
        self, parts: Parts, state: State, recorder: Recorder, endings: Endings, builds: Builds
    ) -> None:
        self._parts = parts
        self._state = state
        self._recorder = recorder
        self._endings = endings
        self._builds = builds
        endings.dispatcher.queue.ask_for = builds.ask
        self._turn = asyncio.Lock()
        self._planned = Planned(parts, state)
        self._unlinked: list[ScriptId] = []

    async def look(
        self,
        scripts: Collection[ScriptId],
        tree: Tree,
        *,
        files: Files = NO_FILES,
        starting: datetime | None = None,
    ) -> list[ScriptAction]:
        """Plan and apply the named scripts; returns what changed, in order of id."""
        self._planned.look_at_clocks()
        done: list[ScriptAction] = []
        # Deletes before adds, so that a directory that moved is never there twice.
        ordered = sorted(scripts, key=lambda script: (script in tree.entries, script))
        for part in slices(ordered, SLICE if starting is None else SLICE_AT_START):
            async with self._turn:
                done += await self._look(part, tree, files, starting)
            await asyncio.sleep(0)
        return done

    async def changed(self, scripts: Collection[ScriptId], tree: Tree) -> set[ScriptId]:
        """Return those of the named scripts for which a plan may be other than empty."""
        return await self._planned.changed(scripts, tree)

    async def at_start(
        self, scripts: Collection[ScriptId], tree: Tree, *, files: Files, starting: datetime
    ) -> list[ScriptAction]:
        """Plan and apply the named scripts in the server's first pass."""
        named = await self._planned.unquiet(scripts, tree)
        done = await self.look(named, tree, files=files, starting=starting)
        # Runs that an earlier server left waiting, of scripts that need no plan.
        self._endings.dispatcher.start_what_may()
        return done

    async def _look(
        self, scripts: Sequence[ScriptId], tree: Tree, files: Files, starting: datetime | None
    ) -> list[ScriptAction]:
        looks: list[_Look] = []
        for script in scripts:
            try:
                looks.append(self._plan_files(script, tree, files, starting))
            except Exception as error:
                await self._failed(script, error)
        await self._save(looks)
        for each in looks:
            self._take_over(each, at_start=starting is not None)
        looks = await self._enqueue(looks)
        for each in looks:
            self._endings.cancel_all(each.plan.cancels)
        for each in looks:
            if each.plan.build is not None:
                self._builds.ask(each.plan.build)
        self._endings.dispatcher.start_what_may()
        return [each.plan.action for each in looks if each.plan.action is not None]

    def _plan_files(
        self, script: ScriptId, tree: Tree, files: Files, starting: datetime | None
    ) -> _Look:
        desired = self._state.desired(script, tree)
        observed = observe(
            self._parts,
            self._state,
            desired,
            self._state.scripts.get(script),
            files=files.get(script, {}),
            starting=starting,
        )
        plan = plan_files(desired, observed, self._parts.clock.now())
        return _Look(script, desired, observed, plan)

    async def _save(self, looks: Sequence[_Look]) -> None:
        plans = [each.plan for each in looks]
        changed = [plan.in_force for plan in plans if plan.save and plan.in_force is not None]
        removed = [plan.action.id for plan in plans if isinstance(plan.action, DeleteScript)]
        if changed or removed:
            await self._recorder.insist(lambda: self._parts.scripts.save(changed, removed))

    def _take_over(self, look: _Look, *, at_start: bool) -> None:
        before, after = self._state.scripts.get(look.script), look.plan.in_force
        if after is None:
            self._state.remove(look.script)
            self._planned.forget(look.script)
            if before is not None:
                self._link(before, None)
            return
        self._state.put(after)
        key = after.environment
        if key is not None and (before is None or before.environment != key):
            if at_start:
                self._unlinked.append(after.id)
            else:
                self._link_to(after, key)

    async def link_rest(self) -> None:
        """Make the links that the first pass left for later, since only editors need them."""
        for part in slices(self._unlinked, LINKS_AT_ONCE):
            for script in part:
                in_force = self._state.scripts.get(script)
                if in_force is not None and in_force.environment is not None:
                    self._link_to(in_force, in_force.environment)
            await asyncio.sleep(0)
        self._unlinked.clear()

    def _link_to(self, in_force: InForce, key: EnvironmentKey) -> None:
        environment = self._parts.environments.by_key(key)
        if environment is not None:
            self._link(in_force, environment)

    def _link(self, in_force: InForce, environment: Environment | None) -> None:
        try:
            self._parts.linked(in_force, environment)
        except OSError as error:
            # The link is for editors alone; runs do not go through it.
            logger.warning("no .venv link", extra={"script_id": in_force.id, "error": str(error)})

    async def _enqueue(self, looks: Sequence[_Look]) -> list[_Look]:
        """Decide on what is due and write it; returns the scripts for which that could be done.

        Nothing else happens between the decisions and their reservation, so that
        each is made with all others in mind.
        """
        now = self._parts.clock.now()
        done: list[_Look] = []
        failed: list[tuple[ScriptId, Exception]] = []
        for each in looks:
            try:
                active = self._state.active.of(each.script)
                if active != each.observed.active:
                    each.observed = replace(each.observed, active=active)
                each.plan = plan_moments(each.plan, each.observed, now)
                done.append(each)
            except Exception as error:
                failed.append((each.script, error))
        await self._record(done)
        for each in done:
            self._settled(each)
        for script, error in failed:
            await self._failed(script, error)
        return done

    async def _record(self, looks: Sequence[_Look]) -> None:
        pairs = [(each.script, each.plan) for each in looks]
        transition = Transition(
            occurrences=[row for _, plan in pairs for row in plan.occurrences],
            last_due={
                (script, key): at for script, plan in pairs for key, at in plan.last_due.items()
            },
            files={
                (script, key): seen for script, plan in pairs for key, seen in plan.files.items()
            },
            new_runs=[run for _, plan in pairs for run in plan.runs],
        )
        if transition.occurrences or transition.last_due or transition.files:
            await self._recorder.record(transition)
        for script, plan in pairs:
            for text in plan.notes:
                await note(self._parts.journal, "settle", script, text)

    def _settled(self, look: _Look) -> None:
        if look.plan.in_force is None:
            return
        self._state.wakes.set(look.script, look.plan.wake_at)
        self._state.failures.pop(look.script, None)
        if look.desired is not None:
            self._planned.note(look.script, look.desired)

    async def _failed(self, script: ScriptId, error: Exception) -> None:
        """Report a script that cannot be planned, once for each reason."""
        self._planned.forget(script)
        reason = f"{type(error).__name__}: {error}"
        if self._state.failures.get(script) == reason:
            return
        self._state.failures[script] = reason
        logger.error("a script cannot be planned", exc_info=error, extra={"script_id": script})
        await note(self._parts.journal, "plan", script, reason, "internal_error")


def changed_between(before: Tree, after: Tree) -> Iterator[ScriptId]:
    """Yield the scripts whose entry is not the one that was seen before."""
    for script, entry in after.entries.items():
        if before.entries.get(script) is not entry:
            yield script
    for script in before.entries:
        if script not in after.entries:
            yield script
