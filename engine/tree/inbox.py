"""Which files a `files` trigger waits for, and which of them are new.

A pattern is taken below the script's own directory and cannot lead out of it.
A file that is still being written is not there yet: whoever copies a large file
into an inbox wants it processed once, and whole.
"""

import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from engine.tree.settle import is_settling

Stamp = tuple[int, int, int]
"""Modification time in ns, size in bytes, and inode of a file."""

MOST = 10_000
"""Files that one pattern may match; the rest, in order of their paths, is not seen."""


def matching(directory: Path, pattern: str) -> dict[Path, Stamp]:
    """Return the regular files below a script's directory that match, in order of their paths.

    Patterns are those of the shell, part by part: `*` and `?` match no slash and no
    leading dot, `**` as a whole part matches any number of directories. Links are
    not followed. What cannot be read is left out.
    """
    parts = [part for part in pattern.split("/") if part not in {"", "."}]
    if not parts or ".." in parts or pattern.startswith("/"):
        return {}
    found: dict[Path, Stamp] = {}
    for path, status in sorted(set(_walk(str(directory), tuple(parts)))):
        if len(found) == MOST:
            break
        found[Path(path)] = status
    return found


def settled(found: Mapping[Path, Stamp], now_ns: int) -> dict[Path, Stamp]:
    """Return the files that nobody has written to for a moment. Pure.

    `now_ns` is the wall clock. The rest is to be looked for again after
    `engine.tree.settle.SETTLE_NS`.
    """
    return {
        path: stamp for path, stamp in found.items() if not is_settling(stamp[0], now_ns, now_ns)
    }


def _walk(directory: str, parts: tuple[str, ...]) -> Iterator[tuple[str, Stamp]]:
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from _walk(directory, rest or ("*",))
    for entry in _entries(directory):
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _below(entry, parts)
            elif not rest and _matches(entry.name, "*" if part == "**" else part):
                yield from _stamped(entry)
        except OSError:
            continue


def _below(entry: "os.DirEntry[str]", parts: tuple[str, ...]) -> Iterator[tuple[str, Stamp]]:
    part, rest = parts[0], parts[1:]
    if part == "**" and not entry.name.startswith("."):
        yield from _walk(entry.path, parts)
    elif rest and _matches(entry.name, part):
        yield from _walk(entry.path, rest)


def _stamped(entry: "os.DirEntry[str]") -> Iterator[tuple[str, Stamp]]:
    if entry.is_file(follow_symlinks=False):
        status = entry.stat(follow_symlinks=False)
        yield entry.path, (status.st_mtime_ns, status.st_size, status.st_ino)


def _entries(directory: str) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError:
        return []


def _matches(name: str, part: str) -> bool:
    if name.startswith(".") and not part.startswith("."):
        return False
    return fnmatchcase(name, part)
