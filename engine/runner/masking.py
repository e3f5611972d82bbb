"""Write the output of runs that know secrets: masked, and held back no longer than it must be.

Held back is only what may be the first bytes of a secret, which is rare: a line of text
does not end so. Half of it is shown after `_SOON`, when a program seems to wait for an
answer, the rest after `_LATE`. A program that is interrupted in the middle of a secret,
by a full pipe or a busy machine, goes on long before that.
"""

import time
from collections.abc import Callable
from functools import partial

from engine.runner.loop import Loop, Timer
from engine.runner.run import Run

_SOON = 0.25
_LATE = 2.0


class Masking:
    """The masked output of all runs that have any; `wrote` is told after a pause has shown some."""

    def __init__(self, loop: Loop, wrote: Callable[[Run], None]) -> None:
        self._loop = loop
        self._wrote = wrote
        self._timers: dict[str, Timer] = {}

    def write(self, run: Run, stream: int, data: bytes) -> None:
        """Write what may be seen of bytes that have come."""
        masker = run.maskers[stream]
        _write(run, stream, masker.feed(data))
        if masker.waits:
            run.held_at = time.monotonic()
            if run.id not in self._timers:
                self._look_in(_SOON, run)

    def end_stream(self, run: Run, stream: int) -> None:
        """Write what is held back of a stream that is at its end."""
        _write(run, stream, run.maskers[stream].end())

    def end(self, run: Run) -> None:
        """Write what is held back of a run that is over."""
        timer = self._timers.pop(run.id, None)
        if timer:
            timer.cancel()
        for stream in run.maskers:
            self.end_stream(run, stream)

    def _look_in(self, seconds: float, run: Run) -> None:
        self._timers[run.id] = self._loop.call_in(seconds, partial(self._look, run))

    def _look(self, run: Run) -> None:
        """Show what has been held back for long enough."""
        del self._timers[run.id]
        waiting = [(stream, each) for stream, each in run.maskers.items() if each.waits]
        if not waiting:
            return
        quiet_for = time.monotonic() - run.held_at
        if quiet_for < _SOON:
            self._look_in(_SOON - quiet_for, run)
            return
        late = quiet_for >= _LATE
        for stream, masker in waiting:
            _write(run, stream, masker.release(half=not late))
        self._wrote(run)
        if not late:
            self._look_in(_LATE - quiet_for, run)


def _write(run: Run, stream: int, data: bytes) -> None:
    if data:
        run.writer.write(time.time_ns(), stream, memoryview(data))
