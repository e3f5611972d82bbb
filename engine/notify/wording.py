"""How text from runs, names and servers is made fit to be sent: harmless, short, readable.

What a script prints may hold terminal escapes, control characters and whole novels; a
name may hold line breaks, which in a header of a mail would begin another header.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo

LONGEST_LINE = 500
MOST_CHARACTERS = 8_000
"""Of the lines of output in one notice."""

_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?"
)
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60))
_SIZES = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def plain(text: str) -> str:
    """Return one line without escapes, control characters and what turns writing around."""
    # A bar of progress writes one line again and again: what stands there in the end counts.
    shown = _ESCAPE.sub("", text).rstrip("\r\n").rsplit("\r", 1)[-1].expandtabs(4)
    return "".join(char for char in shown if char.isprintable())


def one_line(text: str, longest: int = 200) -> str:
    """Return any text as one harmless line."""
    words = " ".join(plain(part) for part in text.splitlines())
    return shortened(" ".join(words.split()), longest)


def shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def last_lines(lines: Iterable[str], room: int = MOST_CHARACTERS) -> Sequence[str]:
    """Return the last lines for which there is room, oldest first; the last one always."""
    kept: list[str] = []
    for line in reversed([shortened(plain(line), LONGEST_LINE) for line in lines]):
        room -= len(line) + 1
        if room < 0 and kept:
            break
        kept.append(line)
    return kept[::-1]


def duration(span: timedelta) -> str:
    """Return a length of time as `1h30m`, `12s`, and a short one as `1.5s` or `60ms`."""
    seconds = span.total_seconds()
    if 0 < seconds < 1:
        return f"{round(seconds * 1000)}ms"
    if seconds < 10:  # noqa: PLR2004 - the figure that the docstring names
        return f"{round(seconds, 1):g}s"
    rest, text = round(seconds), ""
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        if count:
            text += f"{count}{unit}"
    return f"{text}{rest}s" if rest or not text else text


def size(count: int) -> str:
    """Return a number of bytes as `512 MB`."""
    for unit, scale in _SIZES:
        if count >= scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count} B"


def moment(at: datetime, zone: tzinfo) -> str:
    """Return a moment with its zone, such as `2026-11-24 10:30:00 CET (+01:00)`."""
    local = at.astimezone(zone)
    name, offset = local.tzname() or "", local.isoformat(timespec="seconds")[19:]
    known = "" if name in {"", offset} or name[0] in "+-" else f" {name}"
    return f"{local:%Y-%m-%d %H:%M:%S}{known} ({offset})" if known else f"{local:%F %T} {offset}"
