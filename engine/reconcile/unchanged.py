"""Say which scripts a full pass need not plan again, since that could change nothing.

A full pass is the safety net that comes every minute. Planning ten thousand scripts
takes half a second, so those are left out whose every input is what it was when
they were planned last: the same entry, no trigger due, the same environment built.
The clock is an input too: once it was set, all are planned again. Scripts that
watch files are never left out.
"""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from engine.model.environment import EnvironmentRequest
from engine.model.identity import EnvironmentKey, ScriptId
from engine.model.tree import Entry, Tree
from engine.ports import Environments, InForce
from engine.reconcile.parts import Parts
from engine.reconcile.quiet import Ready, quiet
from engine.reconcile.state import State

T = TypeVar("T")

SLICE = 2_000
"""Scripts that are compared at once: a few milliseconds."""


class Planned:
    """The entry for which each script was last planned and found, or brought, in force."""

    def __init__(self, parts: Parts, state: State) -> None:
        self._parts = parts
        self._state = state
        self._entries: dict[ScriptId, Entry] = {}

    def note(self, script: ScriptId, entry: Entry) -> None:
        self._entries[script] = entry

    def forget(self, script: ScriptId) -> None:
        self._entries.pop(script, None)

    def look_at_clocks(self) -> None:
        """Have moments settled by the clocks as they are; forget all plans from before a jump."""
        clock = self._parts.clock
        if self._state.wakefulness.look(clock.now(), clock.monotonic()) is not None:
            self._entries.clear()

    async def changed(self, scripts: Collection[ScriptId], tree: Tree) -> set[ScriptId]:
        """Return those of the scripts for which a plan may be other than empty."""
        self.look_at_clocks()
        found: set[ScriptId] = set()
        for part in slices(scripts, SLICE):
            found.update(self._changed(part, tree))
            await asyncio.sleep(0)
        return found

    async def unquiet(self, scripts: Collection[ScriptId], tree: Tree) -> set[ScriptId]:
        """Return those of the scripts to plan at a start, and have the others woken when due."""
        self.look_at_clocks()
        found: set[ScriptId] = set()
        for part in slices(scripts, SLICE):
            found.update(self._unquiet(part, tree))
            await asyncio.sleep(0)
        return found

    def _unquiet(self, scripts: Sequence[ScriptId], tree: Tree) -> Iterator[ScriptId]:
        now = self._parts.clock.now()
        ready = _remembering(self._parts.environments)
        for script in scripts:
            entry = tree.entries.get(script)
            try:
                said = quiet(entry, self._state.scripts.get(script), ready, now)
            except Exception:
                # A mistake in this program, which the plan will meet, and report, again.
                said = None
            if entry is None or said is None:
                yield script
            else:
                self._state.wakes.set(script, said.wake_at)
                self.note(script, entry)

    def _changed(self, scripts: Sequence[ScriptId], tree: Tree) -> Iterator[ScriptId]:
        now = self._parts.clock.now()
        ready = _remembering(self._parts.environments)
        watching, wakes, in_force = self._state.watching, self._state.wakes, self._state.scripts
        entries, planned = tree.entries, self._entries
        wake_of, entry_of, planned_for, known_of = wakes.of, entries.get, planned.get, in_force.get
        # Mostly nothing is due, and asking ten thousand times takes as long as the rest.
        some_due = is_due(wakes.next, now)
        for script in scripts:
            if (
                (some_due and is_due(wake_of(script), now))
                or script in watching
                or not is_unchanged(entry_of(script), planned_for(script), known_of(script), ready)
            ):
                yield script


def is_unchanged(
    entry: Entry | None, planned: Entry | None, in_force: InForce | None, ready: Ready
) -> bool:
    """Say whether a script that was planned for the entry `planned` is still as it was then.

    `ready` names the environment that is built for a request, None if none is.
    """
    if entry is None or entry is not planned or in_force is None:
        return False
    if in_force.script is None:
        return True
    key = in_force.environment
    return key is not None and ready(in_force.script.environment) == key


def is_due(wake_at: datetime | None, now: datetime) -> bool:
    return wake_at is not None and wake_at <= now


def _remembering(environments: Environments) -> Ready:
    """Return `ready`, which asks about equal requests once."""
    known: dict[int, tuple[EnvironmentRequest, EnvironmentKey | None]] = {}

    def ready(request: EnvironmentRequest) -> EnvironmentKey | None:
        # Equal requests are nearly always one object, whose hash costs more than the answer.
        try:
            return known[id(request)][1]
        except KeyError:
            environment = environments.ready(request)
            key = environment.key if environment else None
            # With the request, so that its id stays its own.
            known[id(request)] = request, key
            return key

    return ready


def slices(items: Collection[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of at most `size`."""
    remaining = iter(items)
    while part := list(islice(remaining, size)):
        yield part
