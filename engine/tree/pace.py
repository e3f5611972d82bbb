"""How long a watcher waits for what, and polling that knows its measure."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from engine.ports import Clock

Changed = Callable[[Collection[Path] | None], Awaitable[None]]
"""What a watcher calls with its hints; see Watcher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds."""

    debounce: float = 0.05
    """The longest that a change is held back to be told together with those that follow."""
    step: float = 0.01
    """A batch ends when nothing has happened for so long."""
    poll: float = 2.0
    """Between scans where there are no events."""
    retry: float = 60.0
    """Between attempts to watch again after a limit was met."""
    check: float = 2.0
    """Between looks at whether the root is still the same directory."""
    held_up: float = 5.0
    """A process that slept longer than this beyond its time may have lost events."""


class Poll:
    """Scans of everything, at most a twentieth of the time however long they take."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        """Look every so many seconds, or more seldom."""
        self._clock = clock
        self._seconds = seconds
        self._next = clock.monotonic()

    @property
    def due_in(self) -> float:
        """Seconds until the next look; 0 when it is due."""
        return max(0.0, self._next - self._clock.monotonic())

    async def look(self, changed: Changed) -> None:
        before = self._clock.monotonic()
        await changed(None)
        now = self._clock.monotonic()
        self._next = now + max(self._seconds, 20 * (now - before))
