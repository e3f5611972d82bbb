"""Open files of the tree without ever being held up or led astray.

Whoever can push to the tree chooses its file names and kinds. A FIFO called
`script.yaml` would hang an ordinary `open` for ever, a link could lead to
`/etc/shadow`, and a file may grow without end, so files are opened without
following links and without waiting, checked to be regular, and read to a bound.
"""

import errno
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_CHUNK = 1 << 18


class NotRegular(OSError):
    """A name belongs to a link, a directory, a FIFO, a socket or a device."""


def read_bounded(path: str, limit: int) -> bytes:
    """Return at most `limit + 1` bytes of a regular file, so that the caller sees the excess.

    Raises OSError when it cannot be read, and NotRegular when it is no regular file.
    """
    with opened(path) as (descriptor, _):
        return read_from(descriptor, limit)


@contextmanager
def opened(path: str) -> Generator[tuple[int, os.stat_result]]:
    """Open a regular file for reading; gives its descriptor and what `fstat` says of it."""
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NotRegular(errno.EINVAL, "not a regular file", path)
        yield descriptor, status
    finally:
        os.close(descriptor)


def read_from(descriptor: int, limit: int) -> bytes:
    """Return the next bytes of a file, at most `limit + 1`."""
    left = limit + 1
    chunks: list[bytes] = []
    while left > 0:
        wanted = min(left, _CHUNK)
        data = os.read(descriptor, wanted)
        left -= len(data)
        chunks.append(data)
        # Of a regular file the system gives less than asked for at its end alone.
        if len(data) < wanted:
            break
    return b"".join(chunks)
