"""Keep back what was read of files that are being written, for as long as it may be half of them.

An editor that writes in place leaves a file empty or cut for a moment, and one that
renames leaves none at all. What then holds an error, or lacks the triggers or all
the packages that were there, is looked at again before anybody acts on it. Not for ever: a run that
writes into its own directory must not hide a mistake in the files beside it.

Many removals at once are judged when they are over, so that `rm -r` of more than
half of the scripts is not let through in parts that are less than half each. Few
are not waited for, nor is a move: its scripts must not be there twice.
"""

from collections.abc import Callable, Collection, Mapping

from engine.model.identity import ScriptId
from engine.model.script import Script
from engine.model.tree import Entry, Tree
from engine.tree.prune import ALWAYS_ALLOWED

PATIENCE_SECONDS = 1.0
REMOVALS_SECONDS = 10.0
"""How long removals that go on and on may take."""


def may_be_half(entry: Entry, before: Script | None) -> bool:
    """Say whether an entry may show files halfway to what is meant; `before` is in force."""
    if entry.script is None:
        return True
    if before is None:
        return False
    there = {trigger.key for trigger in entry.script.triggers}
    lost_triggers = any(trigger.key not in there for trigger in before.triggers)
    lost_packages = before.environment.requirements and not entry.script.environment.requirements
    return lost_triggers or bool(lost_packages)


class Halfway:
    """Remembers since when each script has been kept back."""

    def __init__(self) -> None:
        self._since: dict[ScriptId, float] = {}

    def keep_back(
        self,
        tree: Tree,
        unsettled: Collection[ScriptId],
        known: Callable[[ScriptId], Entry | None],
        monotonic: float,
    ) -> Tree:
        """Return the tree with scripts that may be half written as they were `known` before."""
        gone = _removals_going_on(tree, unsettled, known)
        self._since = {
            script: self._since.get(script, monotonic)
            for script in unsettled
            if script in gone or _is_half(tree.entries.get(script), known(script))
        }
        back = {
            script: known(script)
            for script, since in self._since.items()
            if monotonic - since < (REMOVALS_SECONDS if script in gone else PATIENCE_SECONDS)
        }
        return _with(tree, back) if back else tree


def _removals_going_on(
    tree: Tree, unsettled: Collection[ScriptId], known: Callable[[ScriptId], Entry | None]
) -> Collection[ScriptId]:
    """Return the scripts that went away just now, if they are so many that more may follow.

    As many new ones make it a move, after which nothing follows.
    """
    gone = {each for each in unsettled if each not in tree.entries and known(each) is not None}
    if len(gone) <= ALWAYS_ALLOWED:
        return ()
    new = sum(known(each) is None for each in tree.entries)
    return gone if len(gone) - new > ALWAYS_ALLOWED else ()


def _is_half(entry: Entry | None, before: Entry | None) -> bool:
    return entry is not None and may_be_half(entry, before.script if before else None)


def _with(tree: Tree, entries: Mapping[ScriptId, Entry | None]) -> Tree:
    merged = {**tree.entries, **entries}
    return Tree(
        entries={script: entry for script, entry in merged.items() if entry is not None},
        folders=tree.folders,
        problems=tree.problems,
    )
