"""Tell of runs a moment later, so that whoever waits for one in a request is answered first."""

import asyncio
from collections.abc import Callable
from typing import Final

from engine.model.event import RunChanged

MOMENT: Final = 0.01
"""Seconds; a line in the terminal and one in the log take 0.2 ms a run."""


class Afterwards:
    """Passes events on, in their order; to be used on the event loop."""

    def __init__(self, tell: Callable[[RunChanged], None]) -> None:
        self._tell = tell
        self._events: list[RunChanged] = []

    def add(self, event: RunChanged) -> None:
        if not self._events:
            asyncio.get_running_loop().call_later(MOMENT, self.tell_now)
        self._events.append(event)

    def tell_now(self) -> None:
        """Pass on what is kept, such as before the process ends."""
        events, self._events = self._events, []
        for event in events:
            self._tell(event)
