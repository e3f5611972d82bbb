"""Open what is below a directory, and never anything else.

A check of the path before opening it could be outrun by exchanging a directory for a
link, so nothing is checked: each name is opened inside the directory opened before
it, links are not followed (`O_NOFOLLOW`, openat(2)), and what was opened is asked
what it is. Links inside the tree are refused like those that lead out of it.
"""

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.tree.inner_path import InnerPath
from engine.tree.reading import NotRegular, regular_status

_DIRECTORY = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@contextmanager
def directory_of(root: Path, path: InnerPath, *, create: bool = False) -> Generator[int]:
    """Give a descriptor of the directory that the last name of a path belongs in.

    With `create`, directories that are not there are made. The root itself may be reached
    by links: the owner of the server chose it. Raises NotRegular when a directory on the
    way is a link or a file, another OSError when it cannot be opened.
    """
    descriptor = os.open(root, _DIRECTORY & ~os.O_NOFOLLOW)
    try:
        for name in path[:-1]:
            below = _below(name, descriptor, create=create)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def _below(name: str, directory: int, *, create: bool) -> int:
    try:
        return _open(name, _DIRECTORY, directory)
    except FileNotFoundError:
        if not create:
            raise
    # Somebody else may have made it meanwhile; what it is shows when it is opened.
    with suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=directory)
    return _open(name, _DIRECTORY, directory)


def open_contained(root: Path, path: InnerPath) -> tuple[int, os.stat_result]:
    """Open a regular file for reading; the caller closes it. Returns what `fstat` says of it too.

    Raises NotRegular when a name of the path is a link, or the last one is no regular
    file; another OSError when it cannot be opened.
    """
    with directory_of(root, path) as directory:
        descriptor = _open(path[-1], _FILE, directory)
    return descriptor, regular_status(descriptor, path[-1])


def _open(name: str, flags: int, directory: int) -> int:
    try:
        return os.open(name, flags, dir_fd=directory)
    except OSError as error:
        # ENXIO is what a socket answers, the others a link or a file in a directory's place.
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
            raise not_regular(name) from error
        raise


def not_regular(name: str) -> NotRegular:
    """Return the error for a name that is a link or of another kind than needed."""
    return NotRegular(errno.EINVAL, "a link, or not of the kind that the path says", name)
