"""The runner that guards a data directory's runs, as `serve` and the engine meet it.

A runner that was stopped with `leave` goes on alone until its last run is over. A new
server then takes its runs over: an engine of its own connects to it, `alone`, with no
runner above that would start it again. One engine at a time serves a directory,
whoever started it; so a second lock, the engine's own, stands beside the runner's.
"""

import fcntl
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from engine.runner.protocol import LOCK_NAME
from web.cli.failure import Failed

ENGINE_LOCK = "engine.lock"
PATIENCE = 35.0
"""Seconds in which an engine that is stopping has gone; the runner gives it 30."""
ALONE = "alone"
_PAUSE = 0.05
_LOOKS = 10


class Guard(NamedTuple):
    """A living runner."""

    pid: int
    stopping: str
    """How, `leave` and the like; empty while it serves."""

    @property
    def leaving(self) -> bool:
        """It only waits for its last runs, which a new server may take over."""
        return self.stopping == "leave"


def guard_of(data: Path) -> Guard | None:
    """Return the runner that holds a data directory, None when none does.

    Raises Failed when the directory cannot be written, or when the runner cannot be seen
    from here, being in another container.
    """
    with _opened(data / LOCK_NAME) as fd:
        looks = 0
        while not _locked(fd):
            looks += 1
            pid, *how = _text(fd)
            # A runner that has just taken the lock has not written yet.
            if pid.isdigit() and Path("/proc", pid).exists():
                return Guard(pid=int(pid), stopping="".join(how))
            if looks == _LOOKS:
                raise already_served(data, pid)
            time.sleep(_PAUSE)
        return None


@contextmanager
def only_engine(data: Path, *, alone: bool) -> Generator[None]:
    """Be the one engine of a data directory; an engine that is stopping is waited for.

    Blocking. Raises Failed when another one serves it.
    """
    with _opened(data / ENGINE_LOCK) as fd:
        deadline = time.monotonic() + PATIENCE
        while not _locked(fd):
            pid, *how = _text(fd)
            if time.monotonic() > deadline or (alone and ALONE in how):
                raise already_served(data, pid)
            time.sleep(_PAUSE)
        note = f"{os.getpid()} {ALONE if alone else ''}".rstrip() + "\n"
        os.pwrite(fd, note.encode().ljust(32), 0)
        yield


def already_served(data: Path, pid: object) -> Failed:
    return Failed(
        f"{data} is already served by process {pid}; "
        "stop that server first, or give this one its own directory with --data"
    )


@contextmanager
def on_death(guard: Guard, call: Callable[[], None]) -> Generator[None]:
    """Have `call` called on the event loop as soon as the runner is dead."""
    import asyncio  # `pysched serve` looks at the guard too, and would import it for nothing

    loop = asyncio.get_running_loop()
    try:
        watched = os.pidfd_open(guard.pid)
    except ProcessLookupError:
        loop.call_soon(call)
        yield
        return

    def died() -> None:
        # It stays readable for good.
        loop.remove_reader(watched)
        call()

    loop.add_reader(watched, died)
    try:
        yield
    finally:
        loop.remove_reader(watched)
        os.close(watched)


@contextmanager
def _opened(lock: Path) -> Generator[int]:
    try:
        fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Failed(
            f"the data directory {lock.parent} cannot be used: {error.strerror}. "
            "Make it writable for the account that runs pysched, or name another with --data"
        ) from error
    try:
        yield fd
    finally:
        os.close(fd)


def _text(fd: int) -> list[str]:
    return os.pread(fd, 32, 0).decode(errors="replace").split() or ["unknown"]


def _locked(fd: int) -> bool:
    """Take the lock, which ends with the file; False while another process has it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
