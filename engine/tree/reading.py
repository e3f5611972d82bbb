"""Open files of the tree without ever being held up or led astray.

Whoever can push to the tree chooses its file names and kinds. A FIFO called
`script.yaml` would hang an ordinary `open` for ever, a link could lead to
`/etc/shadow`, and a file may grow without end, so files are opened without
following links and without waiting, checked to be regular, and read to a bound.
"""

import errno
import os
import stat

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_CHUNK = 1 << 18


class NotRegular(OSError):
    """A name belongs to a link, a directory, a FIFO, a socket or a device."""


def read_bounded(path: str, limit: int) -> bytes:
    """Return at most `limit + 1` bytes of a regular file, so that the caller sees the excess.

    Raises OSError when it cannot be read, and NotRegular when it is no regular file.
    """
    descriptor, status = open_regular(path)
    try:
        return read_from(descriptor, limit, status.st_size)
    finally:
        os.close(descriptor)


def open_regular(path: str) -> tuple[int, os.stat_result]:
    """Open a regular file for reading; the caller closes it. Returns what `fstat` says of it too.

    No context manager, which would take as long as the system calls themselves.
    """
    descriptor = os.open(path, _FLAGS)
    return descriptor, regular_status(descriptor, path)


def regular_status(descriptor: int, name: str) -> os.stat_result:
    """Return what `fstat` says of a file just opened; closes it and raises if it is not regular."""
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NotRegular(errno.EINVAL, "not a regular file", name)
    except BaseException:
        os.close(descriptor)
        raise
    return status


def read_from(descriptor: int, limit: int, size: int) -> bytes:
    """Return the next bytes of a file, at most `limit + 1`; `size` is what it seems to have.

    Most files are small, and a large buffer for each would cost more than the reading.
    """
    left = limit + 1
    wanted = min(left, size + 1, _CHUNK)
    data = os.read(descriptor, wanted)
    # Of a regular file the system gives less than asked for at its end alone.
    if len(data) < wanted:
        return data
    chunks = [data]
    while len(data) == wanted and (left := left - len(data)) > 0:
        wanted = min(left, _CHUNK)
        data = os.read(descriptor, wanted)
        chunks.append(data)
    return b"".join(chunks)
