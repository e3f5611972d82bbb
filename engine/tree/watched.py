"""Which directories are watched, and what the kernel's events mean as paths.

Every directory of the tree that the scan looks into has a watch of its own, so
links are not followed and environments are not watched. A new directory is
watched first and listed afterwards: what is made in it before is listed, what
is made later is an event, and nothing falls in between.
"""

import errno

from engine.tree import inotify
from engine.tree.ignore import is_ignored_directory, is_ignored_file
from engine.tree.inotify import Happening, Inotify
from engine.tree.survey import list_directory

_AT_ITS_LIMIT = {errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
_TOLD = {errno.ENOENT, errno.ENOTDIR, errno.EACCES}
"""Why a directory is not watched, if the watch on the one above tells when that changes."""
_GONE = inotify.DELETE | inotify.MOVED_FROM
# A directory whose mode changes may have become readable, and nothing below it is watched.
_APPEARED = inotify.CREATE | inotify.MOVED_TO | inotify.ATTRIB
# Above the root nothing is watched: of its mode, it is the root's own event that tells.
_OF_THE_ROOT = inotify.DELETE_SELF | inotify.MOVE_SELF | inotify.IGNORED | inotify.ATTRIB


class LookAtEverything(Exception):
    """Events were lost, or the root is not what it was: only a scan can tell what happened."""


class WatchedDirectories:
    """The watches on one tree."""

    def __init__(self, root: str) -> None:
        """Watch nothing yet. Raises OSError when no inotify instance can be had."""
        self.root = root
        self.limit: OSError | None = None
        """Why not all directories are watched; None when they are."""
        self._kernel = Inotify()
        self._paths: dict[int, str] = {}
        self._closed = False

    def __len__(self) -> int:
        return len(self._paths)

    def fileno(self) -> int:
        return self._kernel.fileno()

    def close(self) -> None:
        """Stop watching; a `watch_below` that is going on in a thread ends."""
        self._closed = True
        self._kernel.close()

    def watch_below(self, directory: str) -> None:
        """Watch a directory and all below it that are looked into; blocking."""
        waiting = [directory]
        while waiting and not self._closed and self._watch(waiting[-1]):
            path = waiting.pop()
            try:
                listing = list_directory(path)
            except OSError as error:
                # What is below it is not watched either.
                if self._is_at_a_limit(path, error):
                    return
                continue
            waiting += [f"{path}/{name}" for name in listing.directories]

    def _watch(self, path: str) -> bool:
        """Watch one directory; False when there are no more watches to be had."""
        try:
            self._paths[self._kernel.add(path)] = path
        except OSError as error:
            return not self._is_at_a_limit(path, error)
        return True

    def _is_at_a_limit(self, path: str, error: OSError) -> bool:
        """Note that a directory is not watched; tell whether others cannot be either."""
        if error.errno not in _TOLD or path == self.root:
            self.limit = error
        return error.errno in _AT_ITS_LIMIT

    def read(self) -> tuple[set[str], list[str]]:
        """Return the paths that changed, and those of them that are new directories.

        The latter are for `watch_below`. Raises LookAtEverything.
        """
        changed: set[str] = set()
        appeared: list[str] = []
        while happenings := self._kernel.read():
            for happening in happenings:
                self._take(happening, changed, appeared)
        return changed, appeared

    def _take(self, happening: Happening, changed: set[str], appeared: list[str]) -> None:
        mask = happening.mask
        directory = self._paths.get(happening.watch)
        if mask & (inotify.OVERFLOW | inotify.UNMOUNT):
            raise LookAtEverything
        if directory is None:
            return
        if not happening.name:
            self._take_own(happening, directory)
            return
        is_directory = bool(mask & inotify.ISDIR)
        if (
            is_ignored_directory(happening.name)
            if is_directory
            else is_ignored_file(happening.name)
        ):
            return
        path = f"{directory}/{happening.name}"
        changed.add(path)
        if is_directory and mask & _GONE:
            self._forget(path)
        elif is_directory and mask & _APPEARED:
            appeared.append(path)

    def _take_own(self, happening: Happening, directory: str) -> None:
        if directory == self.root and happening.mask & _OF_THE_ROOT:
            raise LookAtEverything
        if happening.mask & inotify.IGNORED:
            del self._paths[happening.watch]

    def _forget(self, path: str) -> None:
        """Drop the watches at and below a directory that is gone or has moved away.

        The kernel's watches go with the directory, not with its name: one that moved
        would go on reporting paths that are no more.
        """
        prefix = f"{path}/"
        for watch in [w for w, p in self._paths.items() if p == path or p.startswith(prefix)]:
            self._kernel.remove(watch)
            del self._paths[watch]
