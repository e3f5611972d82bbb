"""How many runs there are in each range of durations, as bytes in a column.

Two bytes with the number of the first range, then four for each range from there to the
last one that has runs. A script's durations are near one another, so that is some 50 bytes;
and the ranges of many days are added as one large integer each, a microsecond a day.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from struct import Struct
from typing import Any, Final, cast

from engine.model.durations import range_of

_FIRST: Final = Struct("<H")
_COUNT: Final = Struct("<I")
_BITS: Final = 8 * _COUNT.size


def with_duration(durations: bytes | None, duration_ms: int | None) -> bytes | None:
    """Return the bytes with one more run; one without a duration changes nothing."""
    if duration_ms is None:
        return durations
    number = range_of(duration_ms)
    if durations is None:
        return _FIRST.pack(number) + _COUNT.pack(1)
    (first,) = _FIRST.unpack_from(durations)
    counts = bytearray(durations[_FIRST.size :])
    if number < first:
        counts[:0] = bytes(_COUNT.size * (first - number))
        first = number
    at = _COUNT.size * (number - first)
    if at >= len(counts):
        counts += bytes(at + _COUNT.size - len(counts))
    _COUNT.pack_into(counts, at, _COUNT.unpack_from(counts, at)[0] + 1)
    return _FIRST.pack(first) + bytes(counts)


def added(many: Iterable[bytes | None]) -> Mapping[int, int]:
    """Return runs by the number of their range, without ranges that have none.

    Right for up to 4 thousand million runs in a range.
    """
    total = 0
    for durations in many:
        if durations is not None:
            (first,) = _FIRST.unpack_from(durations)
            total += int.from_bytes(durations[_FIRST.size :], "little") << (_BITS * first)
    size = -(-total.bit_length() // _BITS) * _COUNT.size
    counts = _COUNT.iter_unpack(total.to_bytes(size, "little"))
    return {number: count for number, (count,) in enumerate(counts) if count}


class _DurationsOf:
    """The same for many runs at once, as an aggregate of SQL."""

    def __init__(self) -> None:
        self._runs: dict[int, int] = {}

    def step(self, duration_ms: int | None) -> None:
        if duration_ms is not None:
            number = range_of(duration_ms)
            self._runs[number] = self._runs.get(number, 0) + 1

    def finalize(self) -> bytes | None:
        if not self._runs:
            return None
        first = min(self._runs)
        numbers = range(first, max(self._runs) + 1)
        counts = (_COUNT.pack(self._runs.get(number, 0)) for number in numbers)
        return _FIRST.pack(first) + b"".join(counts)


def teach(connection: sqlite3.Connection) -> None:
    """Make `with_duration` and `durations_of` known to the SQL of a connection that writes."""
    connection.create_function("with_duration", 2, with_duration, deterministic=True)
    # Its types let an aggregate return a number alone.
    connection.create_aggregate("durations_of", 1, cast("Any", _DurationsOf))
