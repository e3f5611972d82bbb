"""What the last scan found, as it is kept between scans."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.identity import ScriptId
from engine.model.tree import Entry, Problem, Tree


@dataclass(slots=True)
class State:
    scripts: dict[ScriptId, Entry] = field(default_factory=dict[ScriptId, Entry])
    folders: dict[str, tuple[Problem, ...]] = field(default_factory=dict[str, tuple[Problem, ...]])
    """Problems of the folder itself and of what in it is no script; the root is the empty path."""
    racy: set[ScriptId] = field(default_factory=set[ScriptId])
    """Read so soon after a change that another change may hide behind the same timestamp.

    Or not read in full, which no timestamp tells of either."""

    linked: set[ScriptId] = field(default_factory=set[ScriptId])
    """With links among their files: what those lead to changes without an event of the script."""

    marks: dict[ScriptId, int] = field(default_factory=dict[ScriptId, int])
    """Hashes of the stamps, of this process alone, that gave the signatures of `scripts`.

    Making one takes a fraction of the time that a signature takes, which has to last."""

    def copy(self) -> "State":
        return State(
            dict(self.scripts),
            dict(self.folders),
            set(self.racy),
            set(self.linked),
            dict(self.marks),
        )

    def owner(self, place: str) -> ScriptId | None:
        """Return the script whose directory is `place` or holds it."""
        return owner(place, self.scripts)

    def forget(self, place: str) -> None:
        """Drop everything at and below a place."""
        if not place:
            self.scripts, self.folders, self.racy, self.linked = {}, {}, set(), set()
            self.marks = {}
            return
        prefix = f"{place}/"
        for script in [s for s in self.scripts if s == place or s.startswith(prefix)]:
            del self.scripts[script]
            self.racy.discard(script)
            self.linked.discard(script)
            self.marks.pop(script, None)
        for folder in [f for f in self.folders if f == place or f.startswith(prefix)]:
            del self.folders[folder]

    def tree(self) -> Tree:
        """Return the tree in its one order, so that equal trees are equal."""
        folders = sorted(self.folders)
        return Tree(
            entries={script: self.scripts[script] for script in sorted(self.scripts)},
            folders=tuple(folder for folder in folders if folder),
            problems=tuple(problem for folder in folders for problem in self.folders[folder]),
        )


def owner(place: str, scripts: Mapping[ScriptId, object]) -> ScriptId | None:
    """Return the script of `scripts` whose directory is `place` or holds it."""
    end = len(place)
    while end > 0:
        if (candidate := ScriptId(place[:end])) in scripts:
            return candidate
        end = place.rfind("/", 0, end)
    return None
