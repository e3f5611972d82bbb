"""An Alarm that rings when a test says that time has passed."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from engine.ports import Clock


class FakeAlarm:
    """Rings by `ring_if_due`, after the test has moved the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ring: Callable[[], None] | None = None
        self.at: datetime | None = None
        """When it is set to ring."""
        self.housekeeping: dict[str, tuple[timedelta, Callable[[], Awaitable[None]]]] = {}
        """What `every` was asked for, by name."""

    def set(self, at: datetime | None, ring: Callable[[], None]) -> None:
        self.at = at
        self._ring = None if at is None else ring

    def every(
        self,
        interval: timedelta,
        name: str,
        work: Callable[[], Awaitable[None]],
        *,
        first: timedelta | None = None,
    ) -> None:
        self.housekeeping[name] = (interval, work)

    def ring_if_due(self) -> bool:
        """Ring, once for each setting, if its time has come; say whether it rang."""
        if self.at is None or self._ring is None or self.at > self._clock.now():
            return False
        ring, self.at, self._ring = self._ring, None, None
        ring()
        return True
