"""One thread, one epoll: files, timers and signals call back here and nowhere else.

Level-triggered, one callback per ready file and round, so a run that writes
without end gets no more turns than the others, and timers come in between.
With nothing to do the process sleeps without a wake-up.
"""

import heapq
import os
import select
import signal
import sys
import time
from collections.abc import Callable

READ = select.EPOLLIN
WRITE = select.EPOLLOUT
_MOST_ERRORS = 1000


class Timer:
    """A call that is due at a moment of the monotonic clock, unless it is cancelled before."""

    __slots__ = ("call", "due")

    def __init__(self, due: float, call: Callable[[], None] | None) -> None:
        self.due = due
        self.call = call

    def cancel(self) -> None:
        self.call = None


class Loop:
    """Waits for files, timers and signals and calls what was set for them."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._ready: dict[int, Callable[[], None]] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._count = 0
        self._signals: dict[int, Callable[[], None]] = {}
        self._running = True
        self._errors = 0
        self._wakeup, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self.watch(self._wakeup, self._take_signals)

    def watch(self, fd: int, call: Callable[[], None], events: int = READ) -> None:
        """Call `call` whenever the file is ready; a second call for it replaces the first."""
        change = self._epoll.modify if fd in self._ready else self._epoll.register
        change(fd, events)
        self._ready[fd] = call

    def unwatch(self, fd: int) -> None:
        """Forget a file; before it is closed."""
        if self._ready.pop(fd, None):
            self._epoll.unregister(fd)

    def call_at(self, due: float, call: Callable[[], None]) -> Timer:
        timer = Timer(due, call)
        self._count += 1
        heapq.heappush(self._timers, (due, self._count, timer))
        return timer

    def call_in(self, seconds: float, call: Callable[[], None]) -> Timer:
        return self.call_at(time.monotonic() + seconds, call)

    def on_signal(self, number: int, call: Callable[[], None]) -> None:
        self._signals[number] = call
        signal.signal(number, lambda _number, _frame: None)

    def stop(self) -> None:
        self._running = False

    def run(self) -> None:
        """Go on until `stop` is called."""
        while self._running:
            for fd, _events in self._epoll.poll(self._wait()):
                # An earlier callback of the same round may have closed it.
                call = self._ready.get(fd)
                if call:
                    self._guard(call)
            self._ring(time.monotonic())

    def _wait(self) -> float | None:
        while self._timers and self._timers[0][2].call is None:
            heapq.heappop(self._timers)
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _ring(self, now: float) -> None:
        while self._timers and self._timers[0][0] <= now:
            timer = heapq.heappop(self._timers)[2]
            call, timer.call = timer.call, None
            if call:
                self._guard(call)

    def _guard(self, call: Callable[[], None]) -> None:
        """Report an unexpected error and go on: ending here would take all runs along.

        Only a process that does nothing but fail gives up.
        """
        try:
            call()
        except Exception as error:
            self._errors += 1
            sys.excepthook(type(error), error, error.__traceback__)
            if self._errors > _MOST_ERRORS:
                raise

    def _take_signals(self) -> None:
        for number in set(os.read(self._wakeup, 4096)):
            call = self._signals.get(number)
            if call:
                call()
