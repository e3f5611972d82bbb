"""The wall clock in the unit of timestamps of files."""

from datetime import UTC, datetime, timedelta
from typing import Final

from engine.ports import Clock

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def wall_ns(clock: Clock) -> int:
    """Return the nanoseconds since 1970, exact to a microsecond."""
    return (clock.now() - _EPOCH) // _MICROSECOND * 1000
