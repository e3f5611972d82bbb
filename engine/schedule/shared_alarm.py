"""Let several parts set the one alarm, each for itself."""

from collections.abc import Callable
from datetime import datetime

from engine.ports import Alarm, Clock


class SharedAlarm:
    """Keeps an alarm at the earliest time that any of its parts waits for."""

    def __init__(self, alarm: Alarm, clock: Clock) -> None:
        self._alarm = alarm
        self._clock = clock
        self._waiting: dict[object, tuple[datetime, Callable[[], None]]] = {}

    def part(self) -> Alarm:
        """Return an alarm that is the caller's own."""
        return _Part(self)

    def set(self, part: object, at: datetime | None, ring: Callable[[], None]) -> None:
        if at is None:
            self._waiting.pop(part, None)
        else:
            self._waiting[part] = (at, ring)
        self._arm()

    def _arm(self) -> None:
        self._alarm.set(min((at for at, _ in self._waiting.values()), default=None), self._ring)

    def _ring(self) -> None:
        now = self._clock.now()
        due = [part for part, (at, _) in self._waiting.items() if at <= now]
        rings = [self._waiting.pop(part)[1] for part in due]
        # First, so that no ring that fails leaves the others without an alarm.
        self._arm()
        for ring in rings:
            ring()


class _Part:
    def __init__(self, shared: SharedAlarm) -> None:
        self._shared = shared

    def set(self, at: datetime | None, ring: Callable[[], None]) -> None:
        """Call `ring` at that time, once; replaces the last setting of this part alone."""
        self._shared.set(self, at, ring)
