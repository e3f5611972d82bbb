"""Look at the names and stat data of one directory, and of all below a script, opening no file.

Two questions are answered from it: is this directory a script, and has any of
its files changed since the last scan? The latter costs one `lstat` a file. All
that is kept is one hash for a script, so ten thousand scripts cost a megabyte.
"""

import marshal
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import attrgetter

from engine.spec.files import MANIFEST_FILE, REQUIREMENTS_FILE
from engine.tree.ignore import is_ignored_directory, is_ignored_file
from engine.tree.links import LinkKind, follow

_name = attrgetter("name")

_NEVER_DIRECTORIES = frozenset({MANIFEST_FILE, REQUIREMENTS_FILE})
"""Names that can only be meant for files; a container's mount makes a directory of a file that
is not there."""

Stamp = tuple[str | int, ...]
"""A name and the stat data behind it."""

MOST_FILES = 5_000
"""Files of one script that are looked at; the rest, in the order of the walk, is not."""
_DEFINING = (".py", ".yaml", ".txt")
"""Ends of the names of files that a script may consist of; those are never the rest."""


class Listing:
    """The names in one directory, by what they are; ignored names are left out."""

    __slots__ = ("directories", "files", "links", "others", "path")

    def __init__(self, path: str) -> None:
        """Make an empty listing of the directory at `path`."""
        self.path = path
        self.directories: list[str] = []
        self.files: list[os.DirEntry[str]] = []
        self.links: list[str] = []
        self.others: list[str] = []
        """FIFOs, sockets and devices, and directories where a file is needed."""

    @property
    def names(self) -> set[str]:
        """All names but those of directories.

        A link or FIFO counts, so that a script whose manifest was replaced by one is
        a script with an error and not gone.
        """
        return {*(entry.name for entry in self.files), *self.links, *self.others}


@dataclass(frozen=True, slots=True)
class FoundLink:
    path: str
    """Below the script's directory."""
    kind: LinkKind


@dataclass(slots=True)
class Survey:
    """All files of one script directory, as their stat data show them."""

    files: dict[str, str] = field(default_factory=dict[str, str])
    """Absolute path without links by path below the directory, in the order of the walk."""
    stamps: list[Stamp] = field(default_factory=list[Stamp])
    """In the order of the walk, which is the same for the same names."""
    links: list[FoundLink] = field(default_factory=list[FoundLink])
    """Those that are not followed."""
    linked: bool = False
    """There are links, followed or not."""
    others: list[str] = field(default_factory=list[str])
    unreadable: list[str] = field(default_factory=list[str])
    newest_ns: int = 0
    """The last change of any of the files (ctime: unlike mtime, nobody can set it back)."""
    cut: bool = False
    """There are more files than are looked at."""

    def signature(self, salt: bytes) -> str:
        """Return the hash of all stat data, mixed with what else the definition depends on."""
        return signature(self.stamps, salt)


def glance(path: str) -> list[Stamp] | None:
    """Return the stamps of a directory that holds nothing but regular files, else None.

    Nearly all scripts are such directories and nearly all are unchanged, so this one loop
    is what a scan of the whole tree spends its time in.
    """
    stamps: list[Stamp] = []
    add = stamps.append
    with os.scandir(path) as entries:
        for entry in entries:
            name = entry.name
            if entry.is_file(follow_symlinks=False):
                if not is_ignored_file(name):
                    s = entry.stat(follow_symlinks=False)
                    # `_stamp_of` without the call.
                    add((name, s.st_mtime_ns, s.st_ctime_ns, s.st_size, s.st_ino))
            elif not (is_ignored_file(name) or is_ignored_directory(name)):
                return None
    if len(stamps) > MOST_FILES:
        return None
    stamps.sort()
    return stamps


def _stamp_of(name: str, status: os.stat_result) -> Stamp:
    return (name, status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def signature(stamps: list[Stamp], salt: bytes) -> str:
    """Return the hash of stamps, mixed with what else a definition depends on."""
    # Fast, keeps names apart from numbers, and copes with undecodable names. Equal values
    # give equal bytes in version 0 alone: later ones tell shared objects from equal ones.
    return blake2b(marshal.dumps(stamps, 0), key=salt, digest_size=16).hexdigest()


def list_directory(path: str) -> Listing:
    """Return what is in a directory. Raises OSError when it cannot be read."""
    listing = Listing(path)
    files, directories = listing.files, listing.directories
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                if not is_ignored_file(entry.name):
                    files.append(entry)
            elif entry.is_dir(follow_symlinks=False):
                if entry.name in _NEVER_DIRECTORIES:
                    listing.others.append(entry.name)
                elif not is_ignored_directory(entry.name):
                    directories.append(entry.name)
            else:
                _sort_in(entry, listing)
    return listing


def _sort_in(entry: "os.DirEntry[str]", listing: Listing) -> None:
    name = entry.name
    if entry.is_symlink():
        # `.venv` is our own link, and links in the place of ignored names are no better.
        if not (is_ignored_file(name) or is_ignored_directory(name)):
            listing.links.append(name)
    elif not is_ignored_file(name):
        listing.others.append(name)


def survey(listing: Listing, root: str) -> Survey:
    """Look at all files below a script's directory; `root` is the tree's real path.

    What vanishes meanwhile is left out; what cannot be looked into is named.
    """
    seen = Survey()
    for prefix, part in _walk(listing, seen):
        _stamp_files(prefix, part, seen)
        for name in sorted(part.links):
            _stamp_link(prefix + name, f"{part.path}/{name}", root, seen)
        if part.others:
            others = [prefix + name for name in sorted(part.others)]
            seen.others += others
            seen.stamps += [(name, "other") for name in others]
        if seen.cut:
            break
    return seen


def _walk(listing: Listing, seen: Survey) -> Iterator[tuple[str, Listing]]:
    waiting = [("", listing)]
    while waiting:
        prefix, part = waiting.pop()
        yield prefix, part
        for name in sorted(part.directories, reverse=True):
            try:
                waiting.append((f"{prefix}{name}/", list_directory(f"{part.path}/{name}")))
            except FileNotFoundError:
                continue
            except OSError:
                seen.unreadable.append(prefix + name)


def _stamp_files(prefix: str, part: Listing, seen: Survey) -> None:
    part.files.sort(key=_name)
    if len(seen.files) + len(part.files) > MOST_FILES:
        part.files.sort(key=_is_data)
    for entry in part.files:
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        if len(seen.files) >= MOST_FILES:
            seen.cut = True
            return
        _stamp(prefix + entry.name, entry.path, status, seen)


def _is_data(entry: "os.DirEntry[str]") -> bool:
    return not entry.name.endswith(_DEFINING)


def _stamp_link(name: str, path: str, root: str, seen: Survey) -> None:
    seen.linked = True
    target = follow(path, root)
    seen.stamps.append((name, target.kind.value, target.text))
    if target.kind is not LinkKind.FILE:
        seen.links.append(FoundLink(name, target.kind))
        return
    try:
        _stamp(name, target.real, os.lstat(target.real), seen)
    except OSError:
        seen.links.append(FoundLink(name, LinkKind.DANGLING))


def _stamp(name: str, path: str, status: os.stat_result, seen: Survey) -> None:
    seen.files[name] = path
    seen.newest_ns = max(status.st_ctime_ns, seen.newest_ns)
    seen.stamps.append(_stamp_of(name, status))
