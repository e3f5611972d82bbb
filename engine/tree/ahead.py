"""Let a second process look at the tree while the first one is still starting.

What it finds goes, line by line, into a file that both have open. It goes through
the tree backwards and the scan forwards, so they meet wherever that may be, and
neither waits for the other: a script that is not in the file yet is looked at by the
scan itself. Whatever is not plain, such as an error, a link or a file that is being
written, is left to the scan as well.

What is taken over was true a moment before the scan. A change in between is found by
the look at everything that follows once the tree is watched.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engine.model.identity import ScriptId
from engine.model.tree import Entry
from engine.ports import Clock
from engine.spec.codec import decode_script, encode_script
from engine.spec.files import check_name
from engine.tree.definer import Definer
from engine.tree.folder import Chain, extend, outermost_chain
from engine.tree.places import DEEPEST, join
from engine.tree.script import look_at
from engine.tree.settle import is_settling
from engine.tree.survey import Listing, list_directory, survey
from engine.tree.timestamps import wall_ns

STALE_SECONDS: Final = 10.0
"""What was seen longer ago is not taken over."""
_AT_ONCE = 100
"""Scripts that are written together."""
_CHUNK = 1 << 20

Write = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Ahead:
    """How a script was, by the stat data of its files, and if it was read, what it is."""

    salt: str
    signature: str
    digest: str = ""
    definition: str = ""

    def entry(self, script: ScriptId) -> Entry | None:
        """Return the script's entry, None when it was not read."""
        if not self.definition:
            return None
        definition = decode_script(self.definition)
        return Entry(id=script, signature=self.signature, digest=self.digest, script=definition)


class LookAhead:
    """What the second process has found so far."""

    def __init__(self, descriptor: int, clock: Clock, end: Callable[[], None]) -> None:
        """Read from a file that is being written; `end` ends who writes it and closes it."""
        self._descriptor = descriptor
        self._clock = clock
        self._end = end
        self._until = clock.monotonic() + STALE_SECONDS
        self._offset = 0
        self._salt = ""
        self._found: dict[str, Ahead] = {}

    def find(self, script: ScriptId, salt: bytes) -> Ahead | None:
        """Return what was found of a script below folders with this salt, None if nothing yet."""
        found = self._found.pop(script, None)
        if found is None:
            self._read()
            found = self._found.pop(script, None)
        fresh = self._clock.monotonic() < self._until
        return found if found is not None and found.salt == salt.hex() and fresh else None

    def close(self) -> None:
        """End the other process, which may still be at work."""
        self._end()
        self._found.clear()

    def _read(self) -> None:
        data = os.pread(self._descriptor, _CHUNK, self._offset)
        whole, newline, _ = data.rpartition(b"\n")
        if not newline:
            return
        self._offset += len(whole) + 1
        for line in whole.decode().split("\n"):
            match line.split("\t"):
                case ["", salt]:
                    self._salt = salt
                case [place, signature]:
                    self._found[place] = Ahead(self._salt, signature)
                case [place, signature, digest, definition]:
                    self._found[place] = Ahead(self._salt, signature, digest, definition)
                case _:
                    # Written in part, on a full disk say: the scan looks at it itself.
                    continue


class Scout:
    """The second process's walk through the tree."""

    def __init__(
        self, root: str, definer: Definer, clock: Clock, write: Write, *, reads: bool
    ) -> None:
        """Look below `root`, a path without links; `reads` has scripts read as well."""
        self._root = root
        self._definer = definer
        self._clock = clock
        self._write = write
        self._reads = reads
        self._lines: list[str] = []
        self._salt = b""

    def walk(self) -> None:
        """Look at all there is. Raises OSError when it cannot be written down."""
        self._look("", self._root, outermost_chain(self._definer))
        self._flush()

    def _look(self, place: str, path: str, chain: Chain) -> None:
        try:
            listing = list_directory(path)
        except OSError:
            # The scan says so.
            return
        if place and self._definer.is_script(place.rpartition("/")[2], listing.names):
            self._script(ScriptId(place), listing, chain)
        elif place.count("/") < DEEPEST:
            below = extend(chain, place, path, self._definer)
            for name in sorted(listing.directories, reverse=True):
                child = join(place, name)
                if check_name(child) is None:
                    self._look(child, f"{path}/{name}", below)

    def _script(self, script: ScriptId, listing: Listing, chain: Chain) -> None:
        try:
            found = (
                self._read(script, listing, chain) if self._reads else self._stat(listing, chain)
            )
        except OSError:
            # Changing at this moment, or not to be read, which the scan says.
            return
        if found is None:
            return
        if chain.salt != self._salt:
            self._salt = chain.salt
            self._lines.append(f"\t{chain.salt.hex()}\n")
        self._lines.append(f"{script}\t{found}\n")
        if len(self._lines) >= _AT_ONCE:
            self._flush()

    def _stat(self, listing: Listing, chain: Chain) -> str | None:
        seen = survey(listing, self._root)
        return None if seen.linked else seen.signature(chain.salt)

    def _read(self, script: ScriptId, listing: Listing, chain: Chain) -> str | None:
        began_ns = wall_ns(self._clock)
        look = look_at(script, listing, chain, self._definer, root=self._root, known=None)
        entry, changed_ns = look.entry, look.changed_ns
        if entry.script is None or entry.problems or look.linked or changed_ns is None:
            return None
        if is_settling(changed_ns, began_ns, wall_ns(self._clock), empty=look.empty):
            return None
        # JSON holds no raw tab or line end.
        return f"{entry.signature}\t{entry.digest}\t{encode_script(entry.script)}"

    def _flush(self) -> None:
        self._write("".join(self._lines).encode())
        self._lines.clear()
