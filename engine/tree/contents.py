"""Read one script directory: its digest, and the few files that define it.

The digest says which state of the directory a run had. It is a hash over the
paths and contents of all its files, so it is equal wherever the same files are,
except that of a file over 1 MB only size and mtime count: a data file must not
cost a scan its speed.
"""

import os
from collections.abc import Mapping
from hashlib import blake2b

from engine.tree.reading import open_regular, read_bounded, read_from

WHOLE = 1_000_000
"""Bytes up to which the content of a file counts for the digest."""

LARGEST_SOURCE = 1 << 20
"""Bytes of a main file that are searched for its inline metadata."""

SMALL = 64 * 1024
"""Bytes up to which a Python file is kept once read, in case it is the main one."""

DEFINING = {"script.yaml": 64 * 1024, "requirements.txt": 256 * 1024}
"""Files that define a script, with the bound of each: a byte more is kept, to show the excess."""


class Contents:
    """The files of one script directory, each opened at most once."""

    __slots__ = ("_files", "_kept", "_sources", "digest", "newest_ns", "unreadable", "vanished")

    def __init__(self, files: Mapping[str, str]) -> None:
        """Read `files`, absolute paths without links by path below the directory."""
        self._files = files
        self._kept: dict[str, bytes] = {}
        self._sources: dict[str, bytes] = {}
        self.unreadable: dict[str, str] = {}
        """Why, by path below the directory."""
        self.vanished = False
        """A file was gone by the time it was to be read."""
        self.newest_ns = 0
        """The last change (ctime) of any of the files, also of one made while they were read."""
        self.digest: str = self._read_all()

    def defining(self, name: str) -> bytes | None:
        """Return a file of DEFINING, None when it is not there or cannot be read."""
        return self._kept.get(name)

    def source(self, path: str) -> bytes | None:
        """Return the first megabyte of a file below the directory, None when there is none."""
        real = self._files.get(path)
        if real is None:
            return None
        if path in self._sources:
            return self._sources[path]
        try:
            return read_bounded(real, LARGEST_SOURCE)
        except OSError as error:
            self._note(path, error)
            return None

    def _read_all(self) -> str:
        total = blake2b(digest_size=16)
        for path in sorted(self._files):
            try:
                content = self._content(path, self._files[path])
            except OSError as error:
                self._note(path, error)
                content = b"?"
            total.update(b"%d:" % len(path) + os.fsencode(path))
            total.update(blake2b(content, digest_size=16).digest())
        return total.hexdigest()

    def _content(self, path: str, real: str) -> bytes:
        bound = DEFINING.get(path)
        descriptor, status = open_regular(real)
        try:
            if bound is None and status.st_size > WHOLE:
                return b"%d %d" % (status.st_size, status.st_mtime_ns)
            content = read_from(descriptor, bound or WHOLE, status.st_size)
            if len(content) != status.st_size:
                # Written to between the two calls, unless it is longer than what is read.
                status = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        self.newest_ns = max(status.st_ctime_ns, self.newest_ns)
        if bound is not None:
            self._kept[path] = content
            return content
        if len(content) <= SMALL and path.endswith(".py") and "/" not in path:
            self._sources[path] = content
        return content

    def _note(self, path: str, error: OSError) -> None:
        if isinstance(error, FileNotFoundError):
            self.vanished = True
        else:
            self.unreadable[path] = error.strerror or str(error)
