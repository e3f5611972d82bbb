"""The hold on a data directory: one runner at a time, whatever dies.

A lock of flock(2) ends with its process. Next to it the file says whose it is and
how it is stopping, so that a new server knows what it meets.
"""

import fcntl
import os
from pathlib import Path

from engine.runner.protocol import LOCK_NAME, OnStop


class InUse(Exception):
    """Another runner has the directory; the message says which and what to do."""


class Lock:
    """Held from its making until `release`, or the end of the process."""

    def __init__(self, data: Path) -> None:
        """Take the data directory. Raises InUse, or OSError when it can't be written."""
        self._fd = os.open(data / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._fd, 32).decode().split()
            os.close(self._fd)
            raise InUse(
                f"{data} is in use by another runner (pid {holder[0] if holder else 'unknown'}). "
                "Stop that server first, or give this one another data directory."
            ) from None
        self.note(None)

    def note(self, mode: OnStop | None) -> None:
        """Write down how the runner is stopping, None while it is not."""
        text = f"{os.getpid()} {mode or ''}".rstrip() + "\n"
        os.pwrite(self._fd, text.encode().ljust(32), 0)

    def release(self) -> None:
        os.close(self._fd)
