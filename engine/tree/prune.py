"""Guard against a tree that is not there: a pass may not remove too much (spec.md §2).

A disk that is not mounted, a checkout in progress and a slip of `rm` all look
like "every script was deleted". Deleting is the one act of a pass that cannot
be undone by the next one, since the ledger of a script that comes back starts
anew. Pure.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from engine.model.identity import ScriptId

ALWAYS_ALLOWED = 5
"""So many scripts may be removed at once, however few there are."""


class Pruning(StrEnum):
    ALLOWED = "allowed"
    HELD = "held"
    """Waits for `pysched plan --confirm`, a click, or a pushed commit."""
    REFUSED = "refused"
    """The tree is empty where scripts were in force: far likelier a missing disk than a wish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneVerdict:
    """Whether the scripts that are gone may be removed."""

    pruning: Pruning
    gone: frozenset[ScriptId]
    """In force and no longer found."""
    reason: str | None = None
    """Why nothing is removed, and what to do; None when it is allowed."""

    @property
    def removable(self) -> frozenset[ScriptId]:
        return self.gone if self.pruning is Pruning.ALLOWED else frozenset()


def guard(in_force: Collection[ScriptId], found: Collection[ScriptId]) -> PruneVerdict:
    """Decide whether scripts that are in force and were not found may be removed.

    `found` are all script directories of the scan, those with errors included: a
    script that cannot be read is not gone. More than half of the scripts and
    more than 5 wait for a confirmation; an empty tree removes nothing.
    """
    gone = frozenset(in_force) - frozenset(found)
    if gone and not found:
        return PruneVerdict(
            pruning=Pruning.REFUSED,
            gone=gone,
            reason=f"the tree is empty, yet {_scripts(len(gone))} in force: nothing is removed. "
            "Check that the scripts directory is the right one and is mounted",
        )
    if len(gone) > ALWAYS_ALLOWED and 2 * len(gone) > len(in_force):
        return PruneVerdict(
            pruning=Pruning.HELD,
            gone=gone,
            reason=f"{len(gone)} of {_scripts(len(in_force))} in force are gone from the tree: "
            "nothing is removed until you confirm it with `pysched plan --confirm`",
        )
    return PruneVerdict(pruning=Pruning.ALLOWED, gone=gone)


def _scripts(count: int) -> str:
    return "1 script is" if count == 1 else f"{count} scripts"
