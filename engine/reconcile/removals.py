"""Hold back a pass that would remove too much, until somebody says that it is meant.

The word is a file in the data directory that names the very set of scripts, so
it works with and without a running server, survives a restart, and never lets
another removal through.
"""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from engine.model.identity import ScriptId
from engine.model.tree import Tree
from engine.tree.prune import guard


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    kept: frozenset[ScriptId] = frozenset()
    """Scripts that are gone from the tree and stay in force all the same."""
    held: str | None = None
    """Why; None when nothing is held back."""


class Removals:
    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def allow(self, in_force: Collection[ScriptId], tree: Tree) -> Allowed:
        """Decide about the scripts that are gone; a confirmation is used up by it."""
        verdict = guard(in_force, tree.entries)
        if verdict.reason is None:
            return Allowed()
        if self._confirmed() != fingerprint(verdict.gone):
            return Allowed(kept=verdict.gone, held=verdict.reason)
        try:
            self._marker.unlink()
        except OSError as error:
            why = f"the confirmation at {self._marker} cannot be used up: {error.strerror}"
            return Allowed(kept=verdict.gone, held=f"{why}. Make it writable for the server")
        return Allowed()

    def confirm(self, gone: Collection[ScriptId]) -> None:
        """Let the removal of exactly these scripts through at the next pass."""
        self._marker.parent.mkdir(parents=True, exist_ok=True)
        self._marker.write_text(fingerprint(gone))

    def _confirmed(self) -> str:
        try:
            return self._marker.read_text()
        except (OSError, UnicodeError):
            return ""  # Not there, or no word of ours: nothing is confirmed.


def fingerprint(gone: Collection[ScriptId]) -> str:
    return blake2b("\0".join(sorted(gone)).encode(), digest_size=16).hexdigest()
