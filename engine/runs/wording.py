"""How durations, sizes, moments and signals are written in reasons people read.

A duration is written the way a manifest takes it (`1h30m`), so that a limit in a
reason can be found in the file it came from.
"""

import math
import signal
from datetime import UTC, datetime, timedelta

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
_DECIMAL = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))
_BINARY = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))


def duration(span: timedelta) -> str:
    """Return `5m`, `1h30m`, `2d`; below a second `250ms`, and fractions of seconds as `1.5s`."""
    if timedelta() < span < timedelta(seconds=1):
        return f"{span / timedelta(milliseconds=1):g}ms"
    rest = span.total_seconds()
    text = ""
    for unit, seconds in _UNITS[:-1]:
        count, rest = divmod(rest, seconds)
        if count:
            text += f"{int(count)}{unit}"
    if rest or not text:
        text += f"{round(rest, 3):g}s"
    return text


def size(count: int, *, binary: bool = False) -> str:
    """Return a number of bytes as `512 MB`, or in units of 1024 as `512 MiB`.

    Three figures are enough to compare a limit with a peak: `1.07 GB`, `530 MB`.
    """
    for unit, scale in _BINARY if binary else _DECIMAL:
        if count >= scale:
            return f"{_three_figures(count / scale)} {unit}"
    return f"{count} B"


def is_binary(count: int) -> bool:
    """Tell whether a limit was meant in units of 1024, such as `1GiB`."""
    return count > 0 and count % 2**20 == 0 and count % 10**6 != 0


def moment(at: datetime) -> str:
    """Return a moment to the second in UTC, such as `2026-11-24T09:30:00Z`."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def signal_name(number: int) -> str:
    """Return `SIGSEGV` for 11, and `signal 70` for a number without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _three_figures(value: float) -> str:
    """Round a number from 1 up: 530.2 to `530`, 1.066 to `1.07`."""
    return f"{round(value, max(0, 2 - int(math.log10(value)))):g}"
