"""Move what runs print from their pipes into their frame files, and tell the engine how much.

Each ready pipe gets one read a round, whatever waits in it. Notes to the engine
are gathered for 5 ms, and go out only while the engine reads. What a run wrote in its
last 5 ms needs no note: the news of its end says the same.
"""

import fcntl
import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from engine.runner.loop import Loop, Timer
from engine.runner.masking import Masking
from engine.runner.run import Run

_GATHER = 0.005
_GATHER_CONGESTED = 0.1
_CHUNK = 1 << 18
_USUAL_PIPE = 1 << 16
_LARGE_PIPE = 1 << 20
_DRAINED = 1 << 22
"""Bytes that are taken at once at the end; more can only come from a process that still writes."""


class Peer(Protocol):
    """The engine, connected or not."""

    def emit(self, event: Mapping[str, object]) -> None:
        """Send an event; without a connection it is dropped."""
        ...

    @property
    def connected(self) -> bool:
        """Whether an engine listens."""
        ...

    @property
    def congested(self) -> bool:
        """Whether the engine has not read what was sent before."""
        ...


class Output:
    """The pipes of all runs; `on_quiet` is called when all of a run's are at their end."""

    def __init__(self, loop: Loop, peer: Peer, on_quiet: Callable[[Run], None]) -> None:
        self._loop = loop
        self._peer = peer
        self._on_quiet = on_quiet
        self._buffer = bytearray(_CHUNK)
        self._view = memoryview(self._buffer)
        self._masking = Masking(loop, self._note)
        self._sizes: dict[str, int] = {}
        self._timer = Timer(0.0, None)

    def follow(self, run: Run, pipes: Mapping[int, int]) -> None:
        """Read these pipes, given as stream by file descriptor, until their end."""
        run.pipes.update(pipes)
        for fd in pipes:
            self._loop.watch(fd, partial(self._ready, run, fd))

    def drain(self, run: Run) -> None:
        """Take what is in a run's pipes now."""
        for fd in list(run.pipes):
            taken = 1
            total = 0
            while taken and total < _DRAINED:
                taken = self._take(run, fd)
                total += taken

    def end(self, run: Run) -> None:
        """Take what is left and read no more of a run."""
        self.drain(run)
        for fd in run.pipes:
            self._loop.unwatch(fd)
        if run.maskers:
            self._masking.end(run)
        self._sizes.pop(run.id, None)

    def _ready(self, run: Run, fd: int) -> None:
        self._take(run, fd)
        if not run.pipes:
            self._on_quiet(run)

    def _take(self, run: Run, fd: int) -> int:
        """Move one read into the frames; returns its size, 0 when there is nothing now."""
        try:
            size = os.readv(fd, (self._buffer,))
        except BlockingIOError:
            return 0
        if not size:
            self._loop.unwatch(fd)
            stream = run.pipes.pop(fd)
            os.close(fd)
            if run.maskers:
                self._masking.end_stream(run, stream)
            return 0
        if run.maskers:
            self._masking.write(run, _stream(run, fd), bytes(self._view[:size]))
        else:
            run.writer.write(time.time_ns(), _stream(run, fd), self._view[:size])
        if size == _USUAL_PIPE:
            _enlarge(fd)
        self._note(run)
        return size

    def _note(self, run: Run) -> None:
        self._sizes[run.id] = run.writer.total
        if not self._timer.call:
            self._timer = self._loop.call_in(_GATHER, self._tell)

    def _tell(self) -> None:
        self._timer.cancel()
        if not self._sizes:
            return
        if self._peer.congested:
            self._timer = self._loop.call_in(_GATHER_CONGESTED, self._tell)
            return
        sizes, self._sizes = self._sizes, {}
        self._peer.emit({"event": "out", "sizes": sizes})


def _stream(run: Run, fd: int) -> int:
    return run.pipes[fd]


def _enlarge(fd: int) -> None:
    """Give a pipe that was found full more room; the kernel may refuse it past a user's share."""
    try:
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _LARGE_PIPE)
    except OSError:
        return
