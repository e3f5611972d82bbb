"""Tell of runs a moment later: nobody waits for their lines, but the next runs for the processor.

A line in the terminal and one in the log take 0.2 ms a run, a tenth of what the engine does
for a short one. So those of a burst of runs are told once it is over or has gone on for long.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from engine.model.event import RunChanged

logger = logging.getLogger(__name__)

QUIET: Final = 0.1
"""Seconds without news after which a burst is over."""
LATEST: Final = 2.0
"""Seconds that an event waits at most."""
AT_ONCE: Final = 16
"""Events that are told in one turn of the loop, so that whatever else waits has its turn."""


class Afterwards:
    """Passes events on, in their order; to be used on the event loop."""

    def __init__(self, tell: Callable[[RunChanged], None]) -> None:
        self._tell = tell
        self._events: deque[RunChanged] = deque()
        self._due = False
        """True while somebody is to look at the events."""
        self._first = 0.0
        self._last = 0.0
        self._failing = False

    def add(self, event: RunChanged) -> None:
        loop = asyncio.get_running_loop()
        self._events.append(event)
        self._last = loop.time()
        if not self._due:
            self._due = True
            self._first = self._last
            loop.call_later(QUIET, self._look)

    def tell_now(self) -> None:
        """Pass on what is kept, such as before the process ends."""
        while self._events:
            self._tell_next()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now < min(self._last + QUIET, self._first + LATEST):
            loop.call_later(QUIET, self._look)
        else:
            self._tell_some()

    def _tell_some(self) -> None:
        for _ in range(min(AT_ONCE, len(self._events))):
            self._tell_next()
        if self._events:
            asyncio.get_running_loop().call_soon(self._tell_some)
        else:
            self._due = False

    def _tell_next(self) -> None:
        """Pass on one event; a terminal that is gone, or a full disk, must not end the telling."""
        event = self._events.popleft()
        try:
            self._tell(event)
        except Exception as error:
            if not self._failing:
                extra = {"run_id": event.run.id, "script_id": event.run.script, "error": str(error)}
                logger.warning("ends of runs cannot be told", extra=extra)
            self._failing = True
        else:
            self._failing = False
