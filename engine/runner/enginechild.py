"""Keep the engine running: start it, start it again when it dies, end it when asked.

Codes 2 (settings that can't be used) and 3 (it could not start) end the first
start for good, since the next try would say the same. Once an engine has worked,
live runs hang on its return, so it is then tried again whatever it says.
"""

import os
import signal
import time
from collections.abc import Callable, Sequence

from engine.runner.loop import Loop, Timer
from engine.runner.mark import ENGINE, Marks
from engine.runner.protocol import SOCKET_VARIABLE
from engine.runner.say import say
from engine.runner.spawn import SpawnFailed, spawn_engine

INVALID = 2
NOT_STARTED = 3
_LONGEST_DELAY = 30.0
_HEALTHY = 30.0
"""Seconds of life after which the next restart is quick again."""
_HAND_OVER = 10.0
"""Seconds for an engine that is to be replaced, until SIGKILL."""


class EngineChild:
    """The engine process; `on_end` is called with its exit code when it is over for good."""

    def __init__(
        self,
        loop: Loop,
        marks: Marks,
        command: Sequence[str],
        socket: str,
        *,
        delay: float,
        on_end: Callable[[int], None],
    ) -> None:
        self.pid = 0
        """0 while it does not run."""
        self.over = not command
        """It will not be started again."""
        self.worked = False
        """An engine has connected before."""
        self._loop = loop
        self._marks = marks
        self._command = command
        self._socket = socket
        self._first_delay = self._delay = delay
        self._on_end = on_end
        self._started = 0.0
        self._stopping = False
        self._replacing = False
        self._timer = Timer(0.0, None)

    def start(self) -> None:
        if self.over:
            return
        self._started = time.monotonic()
        self._marks.put(ENGINE)
        try:
            self.pid = spawn_engine(self._command, {**os.environ, SOCKET_VARIABLE: self._socket})
        except SpawnFailed as error:
            say(f"the engine could not be started: {error}")
            self._ended(NOT_STARTED)
        finally:
            self._marks.remove()

    def stop(self) -> None:
        """Send SIGTERM; it will not be started again."""
        self._stopping = True
        self._signal(signal.SIGTERM)
        if not self.pid and not self.over:
            self._timer.cancel()
            self._finish(0)

    def finish(self) -> None:
        """Start it no more, and leave it to end by itself."""
        self._stopping = True

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def replace(self) -> None:
        """Let it hand over to a new one; SIGHUP tells it that the runs go on."""
        if self._stopping:
            return
        if not self.pid:
            self._timer.cancel()
            self.start()
            return
        self._replacing = True
        self._signal(signal.SIGHUP)
        self._timer = self._loop.call_in(_HAND_OVER, self.kill)

    def ended(self, pid: int, status: int) -> None:
        """Take down the end of a child, if it is the engine."""
        if pid == self.pid:
            self.pid = 0
            self._timer.cancel()
            self._ended(os.waitstatus_to_exitcode(status))

    def _ended(self, code: int) -> None:
        hopeless = code in (INVALID, NOT_STARTED) and not self.worked
        if self._stopping or hopeless or (code == 0 and not self._replacing):
            self._finish(code)
        elif self._replacing:
            self._replacing = False
            self._delay = self._first_delay
            self.start()
        else:
            self._restart(code)

    def _restart(self, code: int) -> None:
        if time.monotonic() - self._started >= _HEALTHY:
            self._delay = self._first_delay
        say(f"the engine {_end(code)}; it is started again in {self._delay:g} s")
        self._timer = self._loop.call_in(self._delay, self.start)
        self._delay = min(self._delay * 2, _LONGEST_DELAY)

    def _finish(self, code: int) -> None:
        self.over = True
        self._on_end(code)

    def _signal(self, number: signal.Signals) -> None:
        if self.pid:
            os.kill(self.pid, number)


def _end(code: int) -> str:
    """Say how a process ended, by its exit code."""
    if code >= 0:
        return f"ended with {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
