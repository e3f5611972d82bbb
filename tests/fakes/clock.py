"""A Clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


class FakeClock:
    """Wall clock and monotonic clock of a test; `jump` moves the wall clock alone."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, by: timedelta | float) -> datetime:
        """Let time pass: a timedelta, or seconds. Returns the new wall-clock time."""
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        self._now += step
        self._monotonic += step.total_seconds()
        return self._now

    def jump(self, to: datetime) -> None:
        """Set the wall clock as an administrator or NTP would; no time passes."""
        self._now = to
