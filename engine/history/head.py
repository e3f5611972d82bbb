"""The commit that is checked out, read again only when it may have changed.

Every run asks for it, and tens start in the same moment. git replaces its files by
renaming new ones over them, so two looks at what the system says of the files
tell whether they are those that were read last.
"""

import os
import re
from pathlib import Path

_ID = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_LARGEST = 4096

Stamp = tuple[int, int, int, int]


class LooseHead:
    """Knows `HEAD` and the file of the branch it names; anything rarer is left to others."""

    def __init__(self, git: Path, common: Path) -> None:
        """`git` is the directory that holds HEAD, `common` the one with the branches."""
        self._head = str(git / "HEAD")
        self._common = str(common)
        self._branch = ""
        self._stamps: tuple[Stamp, Stamp] | None = None
        self._commit = b""

    def read(self) -> bytes | None:
        """Return the commit's id; None if HEAD is no branch, or a branch without a file."""
        try:
            if self._branch:
                stamps = _stamp(self._head), _stamp(self._branch)
                if stamps == self._stamps:
                    return self._commit
            return self._read()
        except (OSError, ValueError):
            # A branch whose name holds a NUL is no file's name.
            self._stamps = None
            return None

    def _read(self) -> bytes | None:
        # Looked at before they are read: a change in between shows at the next look.
        head = _stamp(self._head)
        kind, _, name = _content(self._head).partition(b" ")
        if kind != b"ref:" or not name.startswith(b"refs/") or b".." in name:
            self._branch = ""
            return None
        self._branch = f"{self._common}/{os.fsdecode(name)}"
        branch = _stamp(self._branch)
        commit = _content(self._branch)
        if _ID.match(commit) is None:
            self._stamps = None
            return None
        self._stamps, self._commit = (head, branch), commit
        return commit


def _stamp(path: str) -> Stamp:
    status = os.stat(path)  # noqa: PTH116 - half the time of a Path
    return status.st_ino, status.st_ctime_ns, status.st_mtime_ns, status.st_size


def _content(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _LARGEST).rstrip()
    finally:
        os.close(descriptor)
