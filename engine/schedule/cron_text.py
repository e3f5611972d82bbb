"""Bring a cron expression into the form that croniter reads as people mean it.

croniter reads most of what users write, with traps: a step larger than its field
silently means "once", `R` draws a new time at every parse, `5-5` means the whole
field, and `LW`, `5L` and wrapping ranges with a step are unknown or wrong
(measured with croniter 7.0). The traps are refused or rewritten here, before
croniter sees the text.
"""

import re
from typing import NamedTuple

from engine.errors import InvalidCron

LONGEST = 1000
"""Characters; longer than every value of every field listed."""


class Field(NamedTuple):
    name: str
    low: int
    high: int
    takes: str
    """What may be written, for people."""
    names: tuple[str, ...] = ()
    """Words for the values from `low` on."""

    @property
    def size(self) -> int:
        return self.high - self.low + 1


SECOND = Field("second", 0, 59, "0-59")
MINUTE = Field("minute", 0, 59, "0-59")
HOUR = Field("hour", 0, 23, "0-23")
DAY = Field("day-of-month", 1, 31, "1-31, L for the last day, or alone 15W or LW for a working day")
MONTH = Field(
    "month", 1, 12, "1-12 or jan-dec",
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
)  # fmt: skip
WEEKDAY = Field(
    "day-of-week",
    0,
    6,
    "0-7 or sun-sat, or only such as 1#2 for the second Monday and 5L for the last Friday",
    ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
)

FIELDS = (SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY)

MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_RANGE = re.compile(r"(\d{1,2})-(\d{1,2})(?:/(\d{1,4}))?", re.ASCII)
_NTH_RANGE = re.compile(r"(\d)-(\d)#(\d)", re.ASCII)
_RANDOM = re.compile(r"[hr](\(.*\))?(/\d+)?", re.ASCII)


def split(expression: str) -> tuple[str, ...]:
    """Return the six fields, seconds first, in lower case, as they were written.

    Five fields get "0" for the seconds. Raises InvalidCron for what is not a cron
    expression of five or six fields.
    """
    text = expression.strip().lower()
    if len(text) > LONGEST:
        raise InvalidCron(f"the cron expression is longer than {LONGEST} characters; shorten it")
    if text.startswith("@"):
        text = _macro(text, expression)
    elif text.startswith(("tz=", "cron_tz=")):
        raise _invalid(expression, "it names a time zone", "use `timezone:` beside `cron:`")
    fields = re.findall(r"\S+", text, re.ASCII)
    if len(fields) == len(FIELDS) - 1:
        fields.insert(0, "0")
    if len(fields) != len(FIELDS):
        raise _invalid(expression, f"it has {len(fields)} fields", _count_hint(len(fields)))
    return tuple(fields)


def rewrite(field: Field, text: str, expression: str) -> str:
    """Return the field as croniter reads it in the meaning people expect.

    Raises InvalidCron for random values and for steps larger than the field.
    """
    if _RANDOM.fullmatch(text):
        raise _invalid(
            expression,
            f"{text.upper()!r} in the {field.name} field stands for a random time",
            "write the time, or use `jitter:` to spread the starts",
        )
    return ",".join(_item(field, item, expression) for item in text.split(","))


def _item(field: Field, item: str, expression: str) -> str:
    for value, name in enumerate(field.names, field.low):
        item = re.sub(rf"(?<![a-z]){name}(?![a-km-z])", str(value), item)
    _check_step(field, item, expression)
    if field is DAY and item == "lw":
        return "31w"  # croniter takes the nearest weekday to the last day there is
    if field is WEEKDAY:
        item = re.sub(r"^(\d)l$", r"l\1", item)
        if nth := _NTH_RANGE.fullmatch(item):
            low, high, number = (int(part) for part in nth.groups())
            return ",".join(f"{day % 7}#{number}" for day in range(low, high + 1)) or item
    ends = _RANGE.fullmatch(item)
    return item if ends is None else _range(field, item, ends)


def _range(field: Field, item: str, ends: re.Match[str]) -> str:
    low, high, step = (int(part or 1) for part in ends.groups())
    top = 7 if field is WEEKDAY else field.high
    if low > top or high > top or low < field.low:
        return item  # croniter names what is wrong
    if low == high:
        return str(low)
    if high < low:
        high += field.size
    elif high <= field.high:
        return item
    values = sorted({field.low + (v - field.low) % field.size for v in range(low, high + 1, step)})
    return ",".join(map(str, values))


def _check_step(field: Field, item: str, expression: str) -> None:
    step = item.partition("/")[2]
    if step.isdecimal() and int(step) > field.size:
        raise _invalid(
            expression,
            f"the step {step} is larger than the {field.name} field, which has {field.size} values",
            f"use a step up to {field.size}, or `every:` for an interval",
        )


def _macro(text: str, expression: str) -> str:
    if text in MACROS:
        return MACROS[text]
    if text == "@reboot":
        raise _invalid(expression, "it names no time", "use `startup: true` instead of `cron:`")
    if text.startswith("@every"):
        interval = text.removeprefix("@every").strip() or "5m"
        raise _invalid(
            expression, "it is an interval", f"use `every: {interval}` instead of `cron:`"
        )
    raise _invalid(expression, "the name is not known", f"use one of {', '.join(MACROS)}")


def _count_hint(count: int) -> str:
    if count == len(FIELDS) + 1:
        return "a year cannot be given: remove the seventh field"
    return (
        "write five: minute, hour, day of month, month, day of week; "
        "or six with the second in front"
    )


def _invalid(expression: str, what: str, mend: str) -> InvalidCron:
    return InvalidCron(f"cron {expression!r} cannot be used: {what}; {mend}")
