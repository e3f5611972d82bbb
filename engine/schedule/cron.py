"""Read and check cron expressions: the only door to croniter.

croniter parses and validates; what it found becomes a `Pattern` that the project
searches itself (`pattern`, `fire_times`). Day of month and day of week are
joined by OR, unless one of them starts with `*`, as in Vixie's cron.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol, cast

from croniter import CroniterError, croniter  # pyright: ignore[reportMissingTypeStubs] - it has no types

from engine.errors import EngineError, InvalidCron
from engine.schedule.cron_text import (
    DAY,
    FIELDS,
    HOUR,
    MINUTE,
    MONTH,
    SECOND,
    WEEKDAY,
    Field,
    rewrite,
    split,
)
from engine.schedule.pattern import DayRule, Pattern, next_day, table
from engine.schedule.zones import zone_of

_REFERENCE_DAY = 10_957
"""1 January 2000, from where "never fires" is decided, so that the answer needs no clock."""


class _Parsed(Protocol):
    """What is used of a croniter object; it keeps the seconds last."""

    expanded: list[list[int | str]]
    nth_weekday_of_month: dict[int, set[int | str]]
    nearest_weekday: set[int]


def check(expression: str, timezone: str = "UTC") -> str | None:
    """Say what is wrong with a cron expression or its zone and how to mend it; None if nothing."""
    try:
        zone_of(timezone)
        parse(expression)
    except EngineError as error:
        return str(error)
    return None


@lru_cache(maxsize=16_384)
def parse(expression: str) -> Pattern:
    """Return the times that the expression names. Raises InvalidCron, also if it never fires."""
    written = split(expression)
    texts = [rewrite(field, text, expression) for field, text in zip(FIELDS, written, strict=True)]
    parsed = _croniter(texts)
    if parsed is None:
        raise InvalidCron(_complaint(expression, written, texts))
    minutes, hours, days, months, weekdays, seconds = parsed.expanded
    pattern = Pattern(
        next_second=_table(SECOND, seconds),
        next_minute=_table(MINUTE, minutes),
        next_hour=_table(HOUR, hours),
        next_month=_table(MONTH, months),
        day_rule=_day_rule(parsed, days, weekdays, written),
        elapsed=any(sign in text for text in written[1:3] for sign in "*/"),
    )
    if next_day(pattern, _REFERENCE_DAY) is None:
        raise InvalidCron(
            f"cron {expression!r} never fires: no year has such a day; "
            "correct the day or the month, or remove the trigger"
        )
    return pattern


def _day_rule(
    parsed: _Parsed,
    days: Sequence[int | str],
    weekdays: Sequence[int | str],
    written: tuple[str, ...],
) -> DayRule:
    nearest = frozenset(parsed.nearest_weekday)
    starred = any(text.startswith(("*", "?")) for text in (written[3], written[5]))
    return DayRule(
        days=frozenset() if nearest else _numbers(DAY, days),
        last_day="l" in days,
        nearest=nearest,
        weekdays=_numbers(WEEKDAY, weekdays),
        nth=frozenset(
            (weekday, n if isinstance(n, int) else 0)
            for weekday, numbers in parsed.nth_weekday_of_month.items()
            for n in numbers
        ),
        either=not starred,
    )


def _table(field: Field, values: Sequence[int | str]) -> tuple[int, ...]:
    return table(_numbers(field, values), field.high + 1)


def _numbers(field: Field, values: Sequence[int | str]) -> frozenset[int]:
    if "*" in values:
        return frozenset(range(field.low, field.high + 1))
    return frozenset(value for value in values if isinstance(value, int))


def _complaint(expression: str, written: Sequence[str], texts: Sequence[str]) -> str:
    """Name the fields that croniter cannot read."""
    unreadable = [
        f"the {field.name} field {written[index]!r} cannot be read; it takes {field.takes}"
        for index, field in enumerate(FIELDS)
        if _croniter(["*"] * index + [texts[index]] + ["*"] * (len(FIELDS) - index - 1)) is None
    ]
    what = "; ".join(unreadable) or "its fields do not go together"
    return f"cron {expression!r} cannot be used: {what}"


def _croniter(texts: Sequence[str]) -> _Parsed | None:
    """Return what croniter makes of six fields with the seconds first, None if it refuses."""
    try:
        return cast("_Parsed", croniter(" ".join(texts), 0, second_at_beginning=True))
    except CroniterError:
        return None
