"""Scan the tree of script directories into definitions, reading only what changed.

The scan is the truth about the files; watcher events are hints where to look.
A directory whose stat data (see `survey`) are those of the last scan keeps its
entry and none of its files is opened, so a scan of ten thousand unchanged
scripts takes a fraction of a second. Timestamps can hide a change that came
within the same clock tick (see `settle`): such scripts are read again.

A scan of a few scripts gives what a scan of everything would give for them.
For that it treats each of them as a place: whatever is now at or below it is
looked at, be it the script, a folder that took its place, or nothing.
"""

import os
from collections.abc import Collection, Iterable
from pathlib import Path
from threading import Lock

from engine.errors import UnsafeTree
from engine.model.identity import ScriptId
from engine.model.tree import UNREADABLE, Entry, Severity, Tree
from engine.ports import Clock, InForce
from engine.spec.folder import FOLDER_FILE
from engine.tree.ahead import LookAhead
from engine.tree.between import with_mistakes_between
from engine.tree.definer import Definer
from engine.tree.folder import outermost_chain
from engine.tree.places import (
    at_or_below,
    discover,
    is_script_at,
    outermost,
    parent,
    relative,
)
from engine.tree.state import State
from engine.tree.visit import Visit


class TreeScanner:
    """The TreeSource of a directory on disk."""

    def __init__(
        self, root: Path, definer: Definer, clock: Clock, ahead: LookAhead | None = None
    ) -> None:
        """Scan below `root`, which need not exist yet; `definer` turns files into scripts.

        `ahead` is what a second process finds meanwhile; the first scan takes it over.
        """
        self.root = root.absolute()
        self._definer = definer
        self._clock = clock
        self._lock = Lock()
        self._state = State()
        self._ahead = ahead
        self._complete = False
        self._unsettled: frozenset[ScriptId] = frozenset()
        self._noted: set[str] = set()
        """Places outside scripts that changed since the last scan."""

    @property
    def unsettled(self) -> frozenset[ScriptId]:
        return self._unsettled

    @property
    def linked(self) -> frozenset[ScriptId]:
        """Scripts with links among their files, whose targets change without an event of theirs."""
        return frozenset(self._state.linked)

    def prime(self, known: Iterable[InForce]) -> None:
        """Take over what an earlier process knew, so that unchanged scripts are not read again.

        To be called before the first scan. An entry counts only while its signature,
        which covers the program's version and defaults, is the one a scan would give.
        """
        with self._lock:
            self._state.scripts = {script.id: _entry(script) for script in known}

    def scan(self, only: Collection[ScriptId] | None = None) -> Tree:
        """Return the tree as it is now; see TreeSource."""
        with self._lock:
            if only is None or not self._complete:
                return self._scan_everything()
            return self._scan_places(only)

    def affected(self, paths: Collection[Path]) -> frozenset[ScriptId] | None:
        """Return the scripts that changed paths belong to; see TreeSource.

        A path inside a script is that script's. Any other may have made, moved or
        removed scripts, so all that are known or found there are named.
        """
        state = self._state
        named: set[ScriptId] = set()
        for path in paths:
            place = relative(path, self.root)
            if place is None:
                continue
            if not place or not self._complete:
                return None
            owner = state.owner(place)
            if owner is not None:
                named.add(owner)
                continue
            found = self._at_place(place, state)
            if found is None:
                return None
            named |= found
        return frozenset(named)

    def _at_place(self, place: str, state: State) -> set[ScriptId] | None:
        """Name the scripts that a change outside all known scripts may concern.

        The place is noted for the next scan, which thus sees new folders and bad names too.
        """
        self._noted.add(place)
        folder = parent(place)
        if place.rsplit("/", 1)[-1] == FOLDER_FILE:
            # Its defaults reach everything below, also what no scan has seen yet.
            below = set(at_or_below(state.scripts, folder))
            return below or None
        found = {*at_or_below(state.scripts, place), *discover(self.root, place, self._definer)}
        if folder and is_script_at(self.root, folder, self._definer):
            # The change made the folder itself a script, which hides those below it.
            found |= {ScriptId(folder), *at_or_below(state.scripts, folder)}
        return found

    def _scan_everything(self) -> Tree:
        self._noted.clear()
        ahead, self._ahead = self._ahead, None
        try:
            visit = self._visit(State())
            visit.ahead = ahead
            visit.everything()
        finally:
            if ahead is not None:
                ahead.close()
        return self._accept(visit)

    def _scan_places(self, only: Collection[ScriptId]) -> Tree:
        visit = self._visit(self._state.copy())
        places: set[str] = {*only}
        while self._noted:
            places.add(self._noted.pop())
        for place in outermost(places):
            visit.place(place)
        return self._accept(visit)

    def _visit(self, fresh: State) -> Visit:
        real = os.path.realpath(self.root)
        if not Path(real).is_dir():
            raise UnsafeTree(
                f"{self.root}: this scripts directory is not there. Nothing is changed until it "
                "is back; check the path and that its disk is mounted"
            )
        above = outermost_chain(self._definer)
        return Visit(real, self._definer, self._clock, self._state, fresh, above)

    def _accept(self, visit: Visit) -> Tree:
        self._state = visit.fresh
        waiting = {s for s in self._unsettled if not visit.has_visited(s)}
        self._unsettled = frozenset(waiting | visit.unsettled)
        self._complete = True
        return with_mistakes_between(visit.fresh.tree(), visit.root, self._definer)


def _entry(known: InForce) -> Entry:
    # What is in force is the last good definition, which a script with errors no longer has.
    broken = any(problem.severity is Severity.ERROR for problem in known.problems)
    # Files that could not be read may be readable by now, with the same timestamps.
    unread = any(problem.code == UNREADABLE for problem in known.problems)
    return Entry(
        id=known.id,
        signature="" if unread else known.signature,
        digest=known.digest,
        script=None if broken else known.script,
        problems=known.problems,
    )
