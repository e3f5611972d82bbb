"""Say in words when a cron expression fires: "at 02:30 every Monday".

The words cover what people usually write. An expression beyond them is shown as it
is, which is better than a sentence that nobody can check.
"""

from collections.abc import Sequence
from functools import lru_cache

from engine.schedule.cron import parse
from engine.schedule.cron_text import HOUR, MINUTE, SECOND, Field, split

_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_MOST_TIMES = 6
"""Times that are still listed one by one."""


@lru_cache(maxsize=4096)
def cron_words(expression: str) -> str:
    """Return the words, or "cron EXPRESSION" where there are none. Raises InvalidCron."""
    parse(expression)
    second, minute, hour, day, month, weekday = split(expression)
    time = _time(second, minute, hour)
    days = _days(day, weekday)
    months = _months(month)
    if time is None or days is None or months is None:
        return f"cron {expression.strip()}"
    if not days and "every" not in time:
        days = "every day"
    return " ".join(part for part in (time, days, months) if part)


def _time(second: str, minute: str, hour: str) -> str | None:
    if hour == "*" and minute == "*":
        return _often(SECOND, second, "minute")
    hours, minutes = _numbers(hour), _numbers(minute)
    if second.isdecimal() and 0 < len(hours) * len(minutes) <= _MOST_TIMES:
        tail = "" if int(second) == 0 else f":{int(second):02}"
        return "at " + _and([f"{h:02}:{m:02}{tail}" for h in hours for m in minutes])
    if second != "0":
        return None
    if hour == "*":
        return _often(MINUTE, minute, "hour")
    if hour.startswith("*/") and minute.isdecimal():
        every = _often(HOUR, hour, "day")
        return every if every is None or int(minute) == 0 else f"{every} at minute {int(minute)}"
    return _within(minute, hour)


def _often(field: Field, text: str, larger: str) -> str | None:
    """Say how often a field matches within the larger unit, all of which match."""
    if text == "*":
        return f"every {field.name}"
    if text.startswith("*/"):
        step = int(text[2:])
        # Any other step is cut short by the end of the hour or day.
        even = field.size % step == 0
        return f"every {_count(step, field.name)}" if even else None
    if text == "0":
        return f"every {larger}"
    numbers = _numbers(text)
    if not numbers or len(numbers) > _MOST_TIMES:
        return None
    plural = "s" if len(numbers) > 1 else ""
    return f"at {field.name}{plural} {_and([str(n) for n in numbers])} of every {larger}"


def _count(number: int, unit: str) -> str:
    return unit if number == 1 else f"{number} {unit}s"


def _within(minute: str, hour: str) -> str | None:
    """Say "every 15 minutes from 09:00 to 17:59"."""
    first, dash, last = hour.partition("-")
    often = _often(MINUTE, minute, "hour")
    if often is None or not (first.isdecimal() and (not dash or last.isdecimal())):
        return None
    return f"{often} from {int(first):02}:00 to {int(last or first):02}:59"


def _days(day: str, weekday: str) -> str | None:
    """Return the words for both day fields, empty for every day."""
    if day in {"*", "?"}:
        return "" if weekday in {"*", "?"} else _weekdays(weekday)
    by_month = _days_of_month(day)
    if by_month is None or weekday in {"*", "?"}:
        return by_month
    by_week = _weekdays(weekday)
    if by_week is None or day.startswith("*") or weekday.startswith("*"):
        return None
    return f"{by_month} and {by_week}"


def _days_of_month(field: str) -> str | None:
    if field == "l":
        return "on the last day of the month"
    if field == "lw":
        return "on the last working day of the month"
    if field.endswith("w") and field[:-1].isdecimal():
        return f"on the working day nearest to the {_nth(int(field[:-1]))}"
    first, dash, last = field.partition("-")
    if dash and first.isdecimal() and last.isdecimal():
        return f"from the {_nth(int(first))} to the {_nth(int(last))}"
    days = _numbers(field)
    listed = 0 < len(days) <= _MOST_TIMES
    return f"on the {_and([_nth(day) for day in days])}" if listed else None


def _weekdays(field: str) -> str | None:
    base, mark, number = field.partition("#")
    if mark:
        name = _weekday(base)
        if name is None or number not in {"1", "2", "3", "4", "5"}:
            return None
        return f"on the {_ORDINALS[int(number) - 1]} {name} of the month"
    last = field.strip("l")
    if last != field:
        name = _weekday(last)
        return None if name is None else f"on the last {name} of the month"
    first, dash, end = field.partition("-")
    if dash:
        names = [_weekday(first), _weekday(end)]
        return None if None in names else f"every {names[0]} to {names[1]}"
    listed = [name for part in field.split(",") if (name := _weekday(part)) is not None]
    return f"every {_and(listed)}" if len(listed) == field.count(",") + 1 else None


def _weekday(text: str) -> str | None:
    if text in {"0", "1", "2", "3", "4", "5", "6", "7"}:
        return _WEEKDAYS[int(text) % 7]
    return next((name for name in _WEEKDAYS if text == name[:3].lower()), None)


def _months(field: str) -> str | None:
    """Return the words for the month field, empty for every month."""
    if field == "*":
        return ""
    names = [_month(part) for part in field.split(",")]
    first, dash, last = field.partition("-")
    if dash:
        names = [_month(first), _month(last)]
    known = [name for name in names if name is not None]
    if len(known) != len(names):
        return None
    return f"from {known[0]} to {known[1]}" if dash else f"in {_and(known)}"


def _month(text: str) -> str | None:
    if text.isdecimal():
        return _MONTHS[int(text) - 1]
    return next((name for name in _MONTHS if text == name[:3].lower()), None)


def _numbers(field: str) -> list[int]:
    """Return the numbers of a plain list or a short range, none for anything else."""
    first, dash, last = field.partition("-")
    if dash and first.isdecimal() and last.isdecimal():
        return list(range(int(first), int(last) + 1))
    parts = field.split(",")
    return sorted(int(part) for part in parts) if all(p.isdecimal() for p in parts) else []


def _nth(number: int) -> str:
    if number in {11, 12, 13}:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
