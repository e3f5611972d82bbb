"""Find the wall-clock times that a cron expression names.

A pattern knows calendars and nothing of time zones: wall time is counted in
seconds from 1970-01-01 00:00 as if there were no zones, so the search is integer
arithmetic. `fire_times` lays the result over the offsets of a zone.

Searching over the sets that croniter parsed, instead of asking croniter for the
next time, takes microseconds instead of a tenth of a millisecond and keeps the
rule for daylight saving in our hands.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

SECONDS_PER_DAY = 86_400
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

HORIZON_YEARS = 50
"""How far ahead a match is looked for; 29 February on a given weekday can be 40 years away."""

LAST_YEAR = 9990
"""The calendar of `datetime` ends soon after."""

SATURDAY, SUNDAY = 5, 6


@dataclass(frozen=True, slots=True, eq=False)
class DayRule:
    """Which days of a month match. Weekdays count from Sunday = 0, as cron does."""

    days: frozenset[int]
    last_day: bool
    """`L` in the day-of-month field."""
    nearest: frozenset[int]
    """`15W`: the Monday to Friday nearest to the day, within the month."""
    weekdays: frozenset[int]
    nth: frozenset[tuple[int, int]]
    """(weekday, n) for `5#2`, with n = 0 for the last one of the month, `L5`."""
    either: bool
    """True joins day of month and day of week by OR, False by AND."""


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A parsed expression; each `next_*` table gives the first allowed value from an index on."""

    next_second: tuple[int, ...]
    next_minute: tuple[int, ...]
    next_hour: tuple[int, ...]
    next_month: tuple[int, ...]
    day_rule: DayRule
    elapsed: bool
    """True when minute or hour hold `*` or a step: the job follows real elapsed time."""


@lru_cache(maxsize=4096)
def table(allowed: frozenset[int], size: int) -> tuple[int, ...]:
    """Return for every index from 0 to `size` the first allowed value from it on, else -1."""
    following = [-1] * (size + 1)
    for value in range(size - 1, -1, -1):
        following[value] = value if value in allowed else following[value + 1]
    return tuple(following)


def next_wall(pattern: Pattern, wall: int) -> int | None:
    """Return the first matching wall time at or after `wall`; None if 50 years hold none."""
    day, clock = divmod(wall, SECONDS_PER_DAY)
    found = next_day(pattern, day)
    if found is None:
        return None
    if found == day:
        time = _next_time(pattern, clock)
        if time >= 0:
            return day * SECONDS_PER_DAY + time
        found = next_day(pattern, day + 1)
        if found is None:
            return None
    return found * SECONDS_PER_DAY + _next_time(pattern, 0)


def next_day(pattern: Pattern, day: int) -> int | None:
    """Return the first matching day at or after `day`, both counted from 1970-01-01."""
    start = date.fromordinal(day + EPOCH_ORDINAL)
    year, month, earliest = start.year, start.month, start.day
    last_year = min(year + HORIZON_YEARS, LAST_YEAR)
    while year <= last_year:
        found = pattern.next_month[month]
        if found < 0:
            year, month, earliest = year + 1, 1, 1
            continue
        if found != month:
            month, earliest = found, 1
        first = date(year, month, 1)
        days = days_of_month(pattern.day_rule, _length(year, month), first.weekday())
        index = bisect_left(days, earliest)
        if index < len(days):
            return first.toordinal() + days[index] - 1 - EPOCH_ORDINAL
        month, earliest = month + 1, 1
    return None


@lru_cache(maxsize=16_384)
def days_of_month(rule: DayRule, length: int, first_weekday: int) -> tuple[int, ...]:
    """Return the matching days of a month with `length` days that begins on a weekday.

    `first_weekday` counts from Monday = 0, as `date.weekday` does: with its 7 values
    and 4 lengths there are only 28 different months.
    """
    by_month = set(rule.days)
    if rule.last_day:
        by_month.add(length)
    by_month.update(_nearest_weekday(day, length, first_weekday) for day in rule.nearest)
    by_week = {
        day for day in range(1, length + 1) if _weekday_matches(rule, day, length, first_weekday)
    }
    both = by_month | by_week if rule.either else by_month & by_week
    return tuple(sorted(day for day in both if day <= length))


def _next_time(pattern: Pattern, clock: int) -> int:
    """Return the first matching second of the day from `clock` on, else -1."""
    hour, rest = divmod(clock, 3600)
    found = pattern.next_hour[hour]
    if found == hour:
        minute, second = divmod(rest, 60)
        within = pattern.next_minute[minute]
        if within == minute:
            exact = pattern.next_second[second]
            if exact >= 0:
                return hour * 3600 + minute * 60 + exact
            within = pattern.next_minute[minute + 1]
        if within >= 0:
            return hour * 3600 + within * 60 + pattern.next_second[0]
        found = pattern.next_hour[hour + 1]
    if found < 0:
        return -1
    return found * 3600 + pattern.next_minute[0] * 60 + pattern.next_second[0]


def _weekday_matches(rule: DayRule, day: int, length: int, first_weekday: int) -> bool:
    weekday = (first_weekday + day) % 7
    if not rule.nth:
        return weekday in rule.weekdays
    is_last = day + 7 > length
    return (weekday, (day - 1) // 7 + 1) in rule.nth or (is_last and (weekday, 0) in rule.nth)


def _nearest_weekday(day: int, length: int, first_weekday: int) -> int:
    day = min(day, length)
    weekday = (first_weekday + day - 1) % 7
    if weekday == SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == SUNDAY:
        return day + 1 if day < length else day - 2
    return day


def _length(year: int, month: int) -> int:
    if month == 2:  # noqa: PLR2004 - February
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in {4, 6, 9, 11} else 31
