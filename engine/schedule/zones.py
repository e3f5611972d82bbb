"""Cut a time zone into stretches with one offset each.

`zoneinfo` tells the offset at an instant and not when it changes. A schedule
needs the changes: at each, wall-clock time is either skipped or repeated. They
are found by looking at the offset once a day and halving the interval where it
differs, and kept per zone and stretch of about a year.
"""

from bisect import bisect_right
from datetime import datetime, tzinfo
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from engine.errors import InvalidInput

_CHUNK = 1 << 25
"""Seconds that are cut at once: 388 days."""

_PROBE = 86_400
"""Seconds between two looks at the offset; no zone changes twice within a day and back."""


class Segment(NamedTuple):
    """A stretch of time, in seconds from the epoch, in which a zone keeps its offset."""

    start: int
    end: int
    """Exclusive. The zone may keep its offset after it."""
    offset: int
    """Seconds east of UTC."""
    previous: int
    """The offset before `start`."""


def zone_of(name: str) -> ZoneInfo:
    """Return the IANA zone; raises InvalidInput naming the nearest known ones."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        # A directory of the database, a path outside it and an unknown name each raise another.
        near = get_close_matches(name, available_timezones(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "use an IANA name such as 'Europe/Berlin'"
        raise InvalidInput(f"unknown time zone {name!r} ({hint})") from error


def segment_at(zone: tzinfo, instant: int) -> Segment:
    """Return the segment that holds the instant."""
    starts, segments = _segments(zone, instant // _CHUNK)
    return segments[bisect_right(starts, instant) - 1]


@lru_cache(maxsize=4096)
def _segments(zone: tzinfo, chunk: int) -> tuple[tuple[int, ...], tuple[Segment, ...]]:
    begin, end = chunk * _CHUNK, (chunk + 1) * _CHUNK
    changes = _changes(zone, chunk)
    before = _changes(zone, chunk - 1)
    if before:
        # The hour that the last change repeats may reach into this chunk.
        first, previous = before[-1], _offset(zone, before[-1] - 1)
    else:
        first, previous = begin, _offset(zone, begin - 1)
    starts = (first, *changes)
    ends = (*changes, end)
    segments: list[Segment] = []
    for start, stop in zip(starts, ends, strict=True):
        offset = _offset(zone, max(start, begin) if start == first else start)
        segments.append(Segment(start, stop, offset, previous))
        previous = offset
    return starts, tuple(segments)


@lru_cache(maxsize=4096)
def _changes(zone: tzinfo, chunk: int) -> tuple[int, ...]:
    """Return the instants in the chunk at which the offset differs from the second before."""
    found: list[int] = []
    low, offset = chunk * _CHUNK - 1, _offset(zone, chunk * _CHUNK - 1)
    last = (chunk + 1) * _CHUNK - 1
    while low < last:
        high = min(low + _PROBE, last)
        later = _offset(zone, high)
        if later != offset:
            found.append(_boundary(zone, low, high))
        low, offset = high, later
    return tuple(found)


def _boundary(zone: tzinfo, low: int, high: int) -> int:
    """Return the first instant after `low` with another offset than at `low`."""
    offset = _offset(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: tzinfo, instant: int) -> int:
    offset = datetime.fromtimestamp(instant, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
