"""Read the directories of a commit, with a bound on how deep they go."""

import os
from collections.abc import Iterator

from dulwich.objects import ObjectID, Tree
from dulwich.repo import Repo

from engine.history.modes import DIRECTORY, SUBMODULE, as_git_has_it

Parts = tuple[bytes, ...]
"""A path, name by name."""
DEEPEST = 100
"""Directories inside one another; deeper trees are made to exhaust whoever reads them."""


def parts_of(path: str) -> Parts:
    """Return a path with forward slashes name by name; the empty one has none."""
    return tuple(os.fsencode(path).split(b"/")) if path else ()


def entries(repo: Repo, tree: Tree, above: Parts = ()) -> Iterator[tuple[Parts, int, ObjectID]]:
    """Give path, mode and blob of every file and link below a tree object."""
    for entry in tree.iteritems():
        path = (*above, entry.path)
        if entry.mode == DIRECTORY:
            below = repo[entry.sha]
            if isinstance(below, Tree) and len(path) < DEEPEST:
                yield from entries(repo, below, path)
        elif entry.mode != SUBMODULE:
            yield path, as_git_has_it(entry.mode), entry.sha


def tracked(repo: Repo, root: Tree, place: Parts) -> set[Parts]:
    """Return the files at or below a place of a root, by path from there.

    Of a place that is a file itself it is the empty path.
    """
    found = root
    for at, name in enumerate(place):
        if name not in found:
            return set()
        below = repo[found[name][1]] if found[name][0] == DIRECTORY else None
        if not isinstance(below, Tree):
            return {()} if at == len(place) - 1 and found[name][0] != SUBMODULE else set()
        found = below
    return {path for path, _, _ in entries(repo, found)}
