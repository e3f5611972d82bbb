"""How the terminal says what became of a run: mark, tone and sentence, without any output.

The status language is one for terminal and browser: the shape says which status it
is, the tone how much it matters, the words say it again, so that neither colour nor
glyphs are needed to understand a line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from engine.model.run import RunStatus
from engine.model.status import ScriptStatus


@dataclass(frozen=True, slots=True)
class Look:
    """How a status is shown."""

    mark: str
    plain: str
    """For terminals that cannot show the mark."""
    tone: str
    """A colour of the terminal's own palette, which fits light and dark grounds."""


SECOND, MINUTE = 1000, 60_000
"""Milliseconds."""
TWO_DAYS = 48
"""Hours; from there on they say too little by themselves."""
KILO = 1000
SHOWN_NAMES = 3

OK, BAD, WARN, LIVE, QUIET = "green", "bold red", "yellow", "bright_blue", "dim"

RUN_LOOKS: Mapping[RunStatus, Look] = {
    RunStatus.QUEUED: Look("◌", ".", QUIET),
    RunStatus.RUNNING: Look("●", ">", LIVE),
    RunStatus.SUCCESS: Look("✓", "+", OK),
    RunStatus.FAILED: Look("✗", "x", BAD),
    RunStatus.TIMEOUT: Look("⧗", "T", BAD),
    RunStatus.OUT_OF_MEMORY: Look("▲", "M", BAD),
    RunStatus.ENV_FAILED: Look("☒", "E", BAD),
    RunStatus.CANCELLED: Look("■", "c", QUIET),
    RunStatus.SKIPPED: Look("»", "-", QUIET),
    RunStatus.MISSED: Look("◍", "!", WARN),
    RunStatus.INTERRUPTED: Look("↯", "~", WARN),
}

SCRIPT_LOOKS: Mapping[ScriptStatus, Look] = {
    ScriptStatus.OK: Look("✓", "+", OK),
    ScriptStatus.FAILING: Look("✗", "x", BAD),
    ScriptStatus.ERROR: Look("▲", "!", BAD),
    ScriptStatus.ENV_FAILED: Look("☒", "E", BAD),
    ScriptStatus.BUILDING: Look("●", ">", LIVE),
    ScriptStatus.PAUSED: Look("■", "p", QUIET),
    ScriptStatus.MANUAL: Look("·", ".", QUIET),
}

FINDING_LOOKS: Mapping[str, Look] = {
    "good": Look("✓", "ok", OK),
    "warning": Look("!", "!", WARN),
    "bad": Look("✗", "NO", BAD),
}

SCRIPT_SENTENCES: Mapping[ScriptStatus, str] = {
    ScriptStatus.OK: "fine",
    ScriptStatus.FAILING: "the last run failed",
    ScriptStatus.ERROR: "file problem: the last good version runs",
    ScriptStatus.ENV_FAILED: "the environment could not be built",
    ScriptStatus.BUILDING: "the environment is being built",
    ScriptStatus.PAUSED: "paused",
    ScriptStatus.MANUAL: "runs by hand only",
}

_WORDS: Mapping[RunStatus, str] = {
    RunStatus.OUT_OF_MEMORY: "out of memory",
    RunStatus.ENV_FAILED: "environment failed",
}
_JOINED_BY_COLON = frozenset(
    {RunStatus.QUEUED, RunStatus.OUT_OF_MEMORY, RunStatus.ENV_FAILED, RunStatus.SKIPPED}
    | {RunStatus.MISSED, RunStatus.INTERRUPTED}
)
_WITH_TIME = frozenset(
    {RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.OUT_OF_MEMORY}
)


def run_sentence(status: RunStatus, reason: str = "", duration_ms: int | None = None) -> str:
    """Say what became of a run: `success in 4.2 s`, `failed, exit 3 after 2 s`.

    A reason that repeats the status (`cancelled by ada`) stands for both.
    """
    word = _WORDS.get(status, status.value)
    reason = " ".join(reason.split())
    if reason.startswith(word):
        text = reason
    elif reason:
        text = f"{word}: {reason}" if status in _JOINED_BY_COLON else f"{word}, {reason}"
    else:
        text = word
    if duration_ms is None or status not in _WITH_TIME:
        return text
    joint = "in" if status is RunStatus.SUCCESS else "after"
    return f"{text} {joint} {duration(duration_ms)}"


def duration(milliseconds: int) -> str:
    """Write a length of time for people: `85 ms`, `4.2 s`, `1:40`, `2:05:09`, `3 d 4 h`."""
    if milliseconds < SECOND:
        return f"{milliseconds} ms"
    if milliseconds < MINUTE:
        return f"{milliseconds / SECOND:.1f}".removesuffix(".0") + " s"
    seconds = milliseconds // SECOND
    minutes, hours = seconds // 60, seconds // 3600
    if hours >= TWO_DAYS:
        return f"{hours // 24} d {hours % 24} h"
    if hours:
        return f"{hours}:{minutes % 60:02}:{seconds % 60:02}"
    return f"{minutes}:{seconds % 60:02}"


def size(count: int) -> str:
    """Write a number of bytes for people: `812 B`, `1.4 MB`."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < KILO or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= KILO
    raise AssertionError("the last unit takes every size")


def until(moment: datetime, now: datetime) -> str:
    """Say how far away a coming moment is: `now`, `in 12 s`, `in 4 min`, `in 3 h`, `in 5 d`."""
    left = moment - now
    if left < timedelta(seconds=1):
        return "now"
    if left < timedelta(minutes=1):
        return f"in {left.seconds} s"
    if left < timedelta(hours=1):
        return f"in {left.seconds // 60} min"
    if left < timedelta(hours=TWO_DAYS):
        return f"in {left.total_seconds() // 3600:.0f} h"
    return f"in {left.days} d"


def count(number: int, noun: str) -> str:
    """Write `1 script`, `2 scripts`, `0 scripts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def some_of(names: Sequence[str]) -> str:
    """List names, of many only the first: `a, b, c and 7 more`."""
    shown = ", ".join(names[:SHOWN_NAMES])
    rest = len(names) - SHOWN_NAMES
    return f"{shown} and {rest} more" if rest > 0 else shown


def local(moment: datetime | str | None, *, date: bool = True) -> str:
    """Write a moment in the machine's own time zone; ISO text is read first, None is a dash."""
    if moment is None:
        return "-"
    value = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return f"{value.astimezone():{'%Y-%m-%d %H:%M:%S' if date else '%H:%M:%S'}}"
