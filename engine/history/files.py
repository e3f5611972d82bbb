"""Which files of a work tree belong into a commit of it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LARGEST = 50_000_000
"""Bytes of a file that is committed; what is larger is data, and would stay for ever."""


@dataclass(frozen=True, slots=True)
class Found:
    path: str
    """From the tree's root, with forward slashes."""
    status: os.stat_result


def files_to_commit(
    root: str, is_ignored: Callable[[str], bool], *, whole: bool = False
) -> Iterator[Found]:
    """Give all files and links below `root` in order, without other repositories in it.

    `is_ignored` is asked with paths from the root, directories with a slash at
    the end. FIFOs, sockets and devices are left out. A directory that cannot be read is
    left out too, but with `whole` raises OSError.
    """
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        below: list[str] = []
        for entry in _entries(f"{root}/{folder}", whole=whole):
            path = folder + entry.name
            if entry.is_dir(follow_symlinks=False):
                if not is_ignored(f"{path}/") and not _is_repository(entry.path):
                    below.append(f"{path}/")
            elif _is_committable(entry) and not is_ignored(path):
                yield Found(path, entry.stat(follow_symlinks=False))
        waiting += reversed(below)


def _entries(directory: str, *, whole: bool) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(directory) as entries:
            return sorted((e for e in entries if e.name != ".git"), key=lambda e: e.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:
        if whole:
            raise
        return []


def _is_repository(directory: str) -> bool:
    return os.path.lexists(f"{directory}/.git")


def _is_committable(entry: "os.DirEntry[str]") -> bool:
    if entry.is_symlink():
        return True
    return entry.is_file(follow_symlinks=False) and (
        entry.stat(follow_symlinks=False).st_size <= LARGEST
    )
