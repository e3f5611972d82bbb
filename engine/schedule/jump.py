"""Notice that the wall clock was set or that the machine slept.

The wall clock is compared with the monotonic one, which neither jumps nor goes on
while the machine sleeps (the Clock port). Whoever settles moments looks before each
pass: moments before `awake_since` came while nobody was there to run them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

LEAST = timedelta(seconds=2)
"""A smaller difference between two looks is drift that NTP slews away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    by: timedelta
    """How far the wall clock moved beyond the time that passed; negative when it was set back."""
    awake_since: datetime
    """The earliest time, on the new reading, at which the jump can have been over."""


class Wakefulness:
    """Since when the engine has been running without a break."""

    def __init__(self, now: datetime, monotonic: float) -> None:
        self.awake_since = now
        self._now = now
        self._monotonic = monotonic

    def look(self, now: datetime, monotonic: float) -> Jump | None:
        """Compare the clocks with the last look; a jump moves `awake_since` behind it."""
        passed = timedelta(seconds=monotonic - self._monotonic)
        by = now - self._now - passed
        self._now, self._monotonic = now, monotonic
        if abs(by) <= LEAST:
            return None
        self.awake_since = now - passed
        return Jump(by=by, awake_since=self.awake_since)
