"""Moments as SQLite keeps them: whole microseconds since 1970 in UTC.

Integers are exact, which floats are not, and half the size of text.
"""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def stored(moment: datetime) -> int:
    """Return the integer for an aware datetime of whatever zone."""
    return (moment - _EPOCH) // _MICROSECOND


def stored_or_none(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """Return the datetime, in UTC."""
    return _EPOCH + timedelta(0, 0, value)


def moment_or_none(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(0, 0, value)
