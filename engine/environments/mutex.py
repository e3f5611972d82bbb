"""One builder at a time, also between processes: `pysched run` beside a server.

A file lock (flock) goes away with the process that holds it, however it ends.
The file is removed by its holder, so whoever gets the lock checks that the file
it opened is still the one with that name.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

POLL_SECONDS = 0.05


@asynccontextmanager
async def exclusively(path: Path) -> AsyncGenerator[None]:
    """Hold the lock named by `path`, waiting for as long as it takes to get it."""
    while (held := _try(path)) is None:  # noqa: ASYNC110 - the kernel tells nobody that a lock is free
        await asyncio.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        _release(path, held)


@contextmanager
def exclusively_now(path: Path) -> Generator[bool]:
    """Hold the lock named by `path` if it is free; gives whether it was."""
    held = _try(path)
    try:
        yield held is not None
    finally:
        if held is not None:
            _release(path, held)


def _try(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass  # Held by another, or removed by its last holder since it was opened.
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _release(path: Path, descriptor: int) -> None:
    path.unlink(missing_ok=True)
    os.close(descriptor)
