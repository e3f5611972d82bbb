"""One pass over the tree, or over places in it: what is a script, what a folder, what neither.

A visit fills a fresh State and takes from the one before it every entry whose
files are unchanged. Nothing that is wrong in one place keeps it from the next.
"""

import os
from dataclasses import dataclass, field, replace

from engine.errors import UnsafeTree
from engine.model.identity import ScriptId
from engine.model.tree import UNREADABLE, Problem
from engine.ports import Clock
from engine.spec.files import check_name
from engine.tree.ahead import LookAhead
from engine.tree.definer import Definer
from engine.tree.folder import Chain, extend, folder_problems, unreadable
from engine.tree.places import DEEPEST, at_or_below, join, parent
from engine.tree.script import look_at
from engine.tree.settle import is_racy, is_settling
from engine.tree.state import State
from engine.tree.survey import Listing, glance, list_directory, signature
from engine.tree.timestamps import wall_ns


@dataclass(slots=True)
class Visit:
    """A pass from `before` to `fresh` over the tree at `root`, a path without links."""

    root: str
    definer: Definer
    clock: Clock
    before: State
    fresh: State
    outermost: Chain
    ahead: LookAhead | None = None
    """What a second process has found already."""
    unsettled: set[ScriptId] = field(default_factory=set[ScriptId])
    visited: list[str] = field(default_factory=list[str])
    """Places that were looked at, with all below them."""
    began_ns: int = field(init=False)

    def __post_init__(self) -> None:
        self.began_ns = wall_ns(self.clock)

    def everything(self) -> None:
        """Look at the whole tree. Raises UnsafeTree when its root cannot be read."""
        self.visited = [""]
        self.fresh.forget("")
        try:
            listing = list_directory(self.root)
        except OSError as error:
            raise UnsafeTree(
                f"{self.root}: the scripts directory cannot be read: {error.strerror}. Nothing "
                "is changed until it can; mend its permissions"
            ) from error
        self._folder("", listing, self.outermost)
        self._mark_gone()

    def place(self, place: str) -> None:
        """Look at whatever is at `place` now, and at what in its folder it may have changed."""
        owner = self.fresh.owner(place)
        if owner is not None and self._is_still_a_script(owner):
            self.visited.append(owner)
            return
        place, folder, listing = self._nearest_folder(owner or place)
        if folder and self._is_script(folder, listing):
            # A change in a folder has made it a script, which hides all below it.
            place, folder, listing = self._nearest_folder(folder)
        if not place:
            self.everything()
            return
        self.visited.append(place)
        above = self._chain_to(parent(folder)) if folder else self.outermost
        chain = self._report_folder(folder, listing, above)
        self.fresh.forget(place)
        if place.rpartition("/")[2] in listing.directories:
            self._child(place, self._path(place), chain)
        self._mark_gone()

    def has_visited(self, script: ScriptId) -> bool:
        return any(not p or script == p or script.startswith(f"{p}/") for p in self.visited)

    def _nearest_folder(self, place: str) -> tuple[str, str, Listing]:
        """Climb from `place` to a folder that is known and there."""
        while place:
            folder = parent(place)
            if folder in self.fresh.folders:
                try:
                    listing = list_directory(self._path(folder))
                except OSError:
                    listing = None
                if listing is not None and self._is_real(folder):
                    return place, folder, listing
            place = folder
        return "", "", Listing(self.root)

    def _is_still_a_script(self, script: ScriptId) -> bool:
        try:
            listing = list_directory(self._path(script))
        except OSError:
            return False
        if not self._is_script(script, listing) or not self._is_real(script):
            return False
        self._script(script, listing, self._chain_to(parent(script)))
        return True

    def _child(self, place: str, path: str, chain: Chain) -> None:
        try:
            if self._is_unchanged(ScriptId(place), path, chain) or check_name(place) is not None:
                return
            listing = list_directory(path)
            if self._is_script(place, listing):
                self._script(ScriptId(place), listing, chain)
            else:
                self._folder(place, listing, chain)
        except FileNotFoundError:
            return
        except OSError as error:
            self._keep_unreadable(place, unreadable(place, error))

    def _is_unchanged(self, script: ScriptId, path: str, chain: Chain) -> bool:
        if self.ahead is not None and self._was_found_ahead(self.ahead, script, chain):
            return True
        known = self.before.scripts.get(script)
        if known is None or script in self.before.racy:
            return False
        stamps = glance(path)
        if stamps is None:
            return False
        mark = hash((chain.salt, known.signature, *stamps))
        if mark != self.before.marks.get(script) and (
            signature(stamps, chain.salt) != known.signature
        ):
            return False
        self.fresh.scripts[script] = known
        self.fresh.marks[script] = mark
        return True

    def _was_found_ahead(self, ahead: LookAhead, script: ScriptId, chain: Chain) -> bool:
        found = ahead.find(script, chain.salt)
        if found is None:
            return False
        known = self.before.scripts.get(script)
        is_same = known is not None and known.signature == found.signature
        entry = known if is_same else found.entry(script)
        if entry is None:
            return False
        self.fresh.scripts[script] = entry
        return True

    def _folder(self, place: str, listing: Listing, chain: Chain) -> None:
        chain = self._report_folder(place, listing, chain)
        if place.count("/") >= DEEPEST:
            problem = Problem(path=place, code="too_deep", message="folders go too deep here")
            self._keep_unreadable(place, problem)
            return
        above = f"{place}/" if place else ""
        for name in sorted(listing.directories):
            self._child(f"{above}{name}", f"{listing.path}/{name}", chain)

    def _report_folder(self, place: str, listing: Listing, chain: Chain) -> Chain:
        """Take a folder and its own problems into the state; returns the chain below it."""
        below = extend(chain, place, listing.path, self.definer)
        of_defaults = below.folders[-1].problems if below is not chain else ()
        self.fresh.folders[place] = (*folder_problems(place, listing, self.root), *of_defaults)
        return below

    def _script(self, script: ScriptId, listing: Listing, chain: Chain) -> None:
        known = None if script in self.before.racy else self.before.scripts.get(script)
        began_ns = wall_ns(self.clock)
        look = look_at(script, listing, chain, self.definer, root=self.root, known=known)
        self.fresh.scripts[script] = look.entry
        self.fresh.racy.discard(script)
        self.fresh.linked.discard(script)
        if look.linked:
            self.fresh.linked.add(script)
        if any(problem.code == UNREADABLE for problem in look.entry.problems):
            # Its files need not change for them to be readable at the next look.
            self.fresh.racy.add(script)
        if look.changed_ns is None:
            return
        now_ns = wall_ns(self.clock)
        if is_racy(look.changed_ns, began_ns, now_ns):
            self.fresh.racy.add(script)
        if is_settling(look.changed_ns, began_ns, now_ns, empty=look.empty):
            self.unsettled.add(script)
            if look.empty:
                # Or the next look would find it unchanged, and so written.
                self.fresh.racy.add(script)

    def _keep_unreadable(self, place: str, problem: Problem) -> None:
        """Report what cannot be looked into, and keep the scripts known there from being "gone"."""
        known = list(at_or_below(self.before.scripts, place))
        for script in known:
            self.fresh.scripts[script] = replace(
                self.before.scripts[script], signature="", script=None, problems=(problem,)
            )
        if place not in known:
            self.fresh.folders[place] = (problem,)

    def _mark_gone(self) -> None:
        """Count scripts as unsettled whose directory went away only just now.

        A checkout or a directory swap removes names that are back a moment later.
        """
        gone = self.before.scripts.keys() - self.fresh.scripts.keys()
        recent: dict[str, bool] = {}
        for script in gone:
            folder = parent(script)
            if folder not in recent:
                recent[folder] = self._changed_just_now(folder)
            if recent[folder]:
                self.unsettled.add(script)

    def _changed_just_now(self, folder: str) -> bool:
        try:
            changed = os.lstat(self._path(folder)).st_ctime_ns
        except OSError:
            return bool(folder) and self._changed_just_now(parent(folder))
        return is_settling(changed, self.began_ns, wall_ns(self.clock))

    def _chain_to(self, folder: str) -> Chain:
        """Return the chain at a folder, read anew."""
        above = self.outermost if not folder else self._chain_to(parent(folder))
        return extend(above, folder, self._path(folder), self.definer)

    def _is_script(self, place: str, listing: Listing) -> bool:
        return self.definer.is_script(place.rpartition("/")[2], listing.names)

    def _is_real(self, place: str) -> bool:
        """Tell whether no part of a place has become a link."""
        path = self._path(place)
        return os.path.realpath(path) == path

    def _path(self, place: str) -> str:
        return join(self.root, place) if place else self.root
