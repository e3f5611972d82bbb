"""Durations and sizes as people write them: `1h30m`, `512MB`.

Both directions are exact: what `format_…` writes, `parse_…` reads back to the
same value, so that differences can be shown and stored in the words of the file.
"""

import re
from datetime import timedelta

LONGEST = timedelta(days=36_500)

_DURATION = re.compile(
    r"(?:(?P<days>N)d)?\s*(?:(?P<hours>N)h)?\s*(?:(?P<minutes>N)m(?!s))?\s*"
    r"(?:(?P<seconds>N)s)?\s*(?:(?P<milliseconds>N)ms)?\Z".replace(
        "N", r"[0-9]{1,12}(?:\.[0-9]{1,6})?"
    )
)
_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?\Z")
_SIZE = re.compile(r"([0-9]{1,16})(\.[0-9]{1,6})?\s*([a-z]*)\Z", re.IGNORECASE)

_UNITS = {
    "TiB": 1 << 40, "TB": 10**12,
    "GiB": 1 << 30, "GB": 10**9,
    "MiB": 1 << 20, "MB": 10**6,
    "KiB": 1 << 10, "KB": 10**3,
    "B": 1,
}  # fmt: skip
_UNIT_BY_LOWER = {unit.lower(): factor for unit, factor in _UNITS.items()} | {"": 1}
LARGEST = 1 << 53

DURATION_PATTERN = (
    r"^\s*(?=[0-9])([0-9.]+d)?\s*([0-9.]+h)?\s*([0-9.]+m)?\s*([0-9.]+s)?\s*([0-9.]+ms)?\s*$"
    r"|^\s*[0-9]+(\.[0-9]+)?\s*$"
)
"""The written form, for JSON Schema; `parse_duration` is the authority."""

SIZE_PATTERN = r"^\s*[0-9]+(\.[0-9]+)?\s*([KMGTkmgt][Ii]?)?[Bb]?\s*$"


def parse_duration(value: float | str) -> timedelta:
    """Read `90`, `30s`, `5m`, `1h30m`, `2d`, `100ms`; a bare number is seconds.

    Raises ValueError with a sentence for the user.
    """
    length = _read_duration(value) if isinstance(value, str) else _checked(seconds=value)
    if length is None:
        raise ValueError(f"{value!r} is not a duration; write 90 (seconds), 30s, 5m, 1h30m or 2d")
    return length


def _read_duration(text: str) -> timedelta | None:
    text = text.strip()
    if _NUMBER.match(text):
        return _checked(seconds=float(text))
    match = _DURATION.match(text)
    if match is None or not text:
        return None
    return _checked(**{unit: float(number) for unit, number in match.groupdict("0").items()})


def _checked(**units: float) -> timedelta | None:
    try:
        length = timedelta(**units)
    except (OverflowError, ValueError):
        return None
    if not timedelta() <= length <= LONGEST:
        return None
    return length


def format_duration(length: timedelta) -> str:
    """Write a duration that is not negative, such as `1h30m`; none at all is `0s`."""
    seconds, micro = length.seconds, length.microseconds
    parts = [(length.days, "d"), (seconds // 3600, "h"), (seconds // 60 % 60, "m")]
    second = f"{seconds % 60 + micro / 1_000_000:.6f}".rstrip("0").rstrip(".")
    if micro and not micro % 1000 and seconds % 60 == 0:
        second, unit = str(micro // 1000), "ms"
    else:
        unit = "s"
    text = "".join(f"{number}{name}" for number, name in parts if number)
    return text + (f"{second}{unit}" if second != "0" or not text else "")


def parse_size(value: float | str) -> int:
    """Read `512MB` (10^6), `1GiB` (2^30), `1.5 GB`; a bare number is bytes.

    Raises ValueError with a sentence for the user.
    """
    match = _SIZE.match(str(value).strip())
    factor = _UNIT_BY_LOWER.get(match[3].lower()) if match else None
    if match is None or factor is None:
        raise ValueError(f"{value!r} is not a size; write 512MB, 512MiB, 1GB or 1GiB")
    whole, fraction = int(match[1]), float(match[2] or 0)
    size = whole * factor + round(fraction * factor)
    if size > LARGEST:
        raise ValueError(f"{value!r} is more than any machine has")
    return size


def format_size(size: int) -> str:
    """Write a number of bytes exactly, in the unit that gives the smallest number."""
    if not size:
        return "0B"
    exact = [(size // factor, unit) for unit, factor in _UNITS.items() if size % factor == 0]
    number, unit = min(exact)
    return f"{number}{unit}"
