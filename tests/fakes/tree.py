"""A TreeSource and a Watcher without a disk: tests say what the tree holds."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from pathlib import Path

from engine.errors import UnsafeTree
from engine.model.identity import ScriptId
from engine.model.tree import Entry, Problem, Tree


class FakeTree:
    """Give entries with `put` and `remove`; `scan(only)` shows what was put for those alone."""

    def __init__(self, root: Path = Path("/tree"), entries: Iterable[Entry] = ()) -> None:
        self.root = root
        self.unsettled: frozenset[ScriptId] = frozenset()
        self.unreadable: str | None = None
        self.scans: list[frozenset[ScriptId] | None] = []
        """What each scan was asked for."""
        self._disk: dict[ScriptId, Entry] = {}
        self._seen: dict[ScriptId, Entry] = {}
        self._problems: tuple[Problem, ...] = ()
        self._scanned = False
        for entry in entries:
            self.put(entry)

    def put(self, entry: Entry) -> None:
        self._disk[entry.id] = entry

    def remove(self, script: str) -> None:
        del self._disk[ScriptId(script)]

    def report(self, *problems: Problem) -> None:
        """Let the tree itself have these problems."""
        self._problems = problems

    def scan(self, only: Collection[ScriptId] | None = None) -> Tree:
        self.scans.append(None if only is None else frozenset(only))
        if self.unreadable is not None:
            raise UnsafeTree(self.unreadable)
        everything = only is None or not self._scanned
        ids = {*self._disk, *self._seen} if only is None or everything else set(only)
        for script in ids:
            self._seen.pop(script, None)
            if script in self._disk:
                self._seen[script] = self._disk[script]
        self._scanned = True
        return Tree(
            entries={script: self._seen[script] for script in sorted(self._seen)},
            folders=_folders(self._seen),
            problems=self._problems,
        )

    def affected(self, paths: Collection[Path]) -> frozenset[ScriptId] | None:
        if any(path == self.root for path in paths):
            return None
        relative = [path.relative_to(self.root).as_posix() for path in paths]
        known = {*self._disk, *self._seen}
        return frozenset(
            script
            for script in known
            for path in relative
            if _within(path, script) or _within(script, path)
        )


class FakeWatcher:
    """Tells of changes when the test calls `tell`."""

    def __init__(self) -> None:
        self.degraded: str | None = None
        self._told: asyncio.Queue[Collection[Path] | None] = asyncio.Queue()

    def tell(self, *paths: Path) -> None:
        """Report these paths, or with none "look at everything"."""
        self._told.put_nowait(paths or None)

    async def watch(self, changed: Callable[[Collection[Path] | None], Awaitable[None]]) -> None:
        while True:
            await changed(await self._told.get())


def _within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(f"{directory}/")


def _folders(scripts: Iterable[str]) -> tuple[str, ...]:
    found: set[str] = set()
    for script in scripts:
        parts = script.split("/")[:-1]
        found.update("/".join(parts[: depth + 1]) for depth in range(len(parts)))
    return tuple(sorted(found))
