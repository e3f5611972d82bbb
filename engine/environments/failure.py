"""What is said of a failed build, and whether it is worth another try.

A build that failed because of what the script asks for fails again, so it waits
for a changed request, an explicit rebuild or a restart. One that failed because
of the surroundings (network, disk, a missing Python) is tried again by itself,
ever more rarely.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from engine.errors import EnvironmentFailed


class FailureKind(StrEnum):
    """Where the cause lies, which decides about another try."""

    REQUEST = "request"
    """In the script's own requirements."""
    NETWORK = "network"
    """The index cannot be reached or does not answer as it should."""
    INTERPRETER = "interpreter"
    """No Python that fits is installed."""
    MACHINE = "machine"
    """Disk, memory, a killed or a missing tool, or too little time."""


class BuildFailed(EnvironmentFailed):
    """A failed build that knows where its cause lies."""

    def __init__(self, message: str, *, kind: FailureKind) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The newest failed build of a request."""

    message: str
    kind: FailureKind
    at: datetime
    attempts: int
    """Failed builds in a row, this one included."""


FIRST_WAIT = {
    FailureKind.NETWORK: timedelta(seconds=30),
    FailureKind.INTERPRETER: timedelta(minutes=1),
    FailureKind.MACHINE: timedelta(minutes=2),
}
LONGEST_WAIT = timedelta(minutes=30)


def retry_at(failure: Failure) -> datetime | None:
    """Return from when a build may be tried again by itself; None for never."""
    first = FIRST_WAIT.get(failure.kind)
    if first is None:
        return None
    doublings = min(failure.attempts - 1, 10)
    return failure.at + min(first * 2**doublings, LONGEST_WAIT)


def may_retry(failure: Failure, now: datetime) -> bool:
    """Tell whether a failed build may be tried again without anybody asking for it."""
    at = retry_at(failure)
    return at is not None and now >= at


_CREDENTIALS = re.compile(r"(?<=://)[^/\s:@]*(?::[^/\s@]*)?@")
_CHATTER = re.compile(
    r"(warning: |Using |Creating virtual |Activate with|Resolved |Prepared |Downloading |Building )"
)
_CAUSE = re.compile(r"\s*(?:cause|Caused by): ")

_NETWORK_WORDS = re.compile(
    r"error sending request|dns error|tcp connect error|Connection refused|timed out|"
    r"HTTP status (?:server error|client error \(4(?:08|29))|network was disabled|"
    r"Could not connect|invalid peer certificate",
    re.IGNORECASE,
)
_MACHINE_WORDS = re.compile(
    r"No space left on device|Disk quota exceeded|Cannot allocate memory|"
    r"Too many open files|Read-only file system",
    re.IGNORECASE,
)


def without_credentials(text: str) -> str:
    """Remove users and passwords from the URLs in `text`."""
    return _CREDENTIALS.sub("", text)


def sentence(stderr: str) -> str:
    """Return what uv says of a failure as one text: the error and, behind colons, its causes.

    Lines that point into a requirement with a caret keep their layout.
    """
    lines = stderr.rstrip().splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith("error: ")), 0)
    told = [line for line in lines[start:] if line.strip() and not _CHATTER.match(line)]
    text = ""
    for line in told:
        cause = _CAUSE.match(line)
        if cause and text:
            text += ": " + line[cause.end() :].rstrip()
        else:
            text += "\n" + line.rstrip()
    return without_credentials(text.strip().removeprefix("error: "))


def kind_of(stderr: str, code: int) -> FailureKind:
    """Tell from uv's words and exit code where the cause of a failure lies."""
    if code < 0 or _MACHINE_WORDS.search(stderr):
        return FailureKind.MACHINE
    return FailureKind.NETWORK if _NETWORK_WORDS.search(stderr) else FailureKind.REQUEST
