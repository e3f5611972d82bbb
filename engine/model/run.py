"""One execution of a script, and the ledger's row of a scheduled moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, Self

from engine.model.identity import RunId, ScriptId, TriggerKey


class RunStatus(StrEnum):
    """States of a run; all but the first two are final and never change (spec.md §5)."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    MISSED = "missed"
    ENV_FAILED = "env_failed"
    INTERRUPTED = "interrupted"

    @property
    def final(self) -> bool:
        return self is not RunStatus.QUEUED and self is not RunStatus.RUNNING


FAILURES = frozenset(
    {
        RunStatus.FAILED,
        RunStatus.TIMEOUT,
        RunStatus.OUT_OF_MEMORY,
        RunStatus.ENV_FAILED,
        RunStatus.INTERRUPTED,
    }
)


class Cause(StrEnum):
    """Why a run exists; reaches it as PYSCHED_CAUSE."""

    SCHEDULE = "schedule"
    CATCH_UP = "catch_up"
    RETRY = "retry"
    MANUAL = "manual"
    URL = "url"
    STARTUP = "startup"
    AFTER = "after"
    FILES = "files"
    REPLAY = "replay"


class Outcome(StrEnum):
    """What became of a scheduled moment."""

    RAN = "ran"
    CAUGHT_UP = "caught_up"
    SHIFTED = "shifted"
    """Ran later than written because daylight saving skipped its hour."""
    DEDUPLICATED = "deduplicated"
    """Not repeated in the hour that daylight saving repeats."""
    SKIPPED = "skipped"
    MISSED = "missed"
    PAUSED = "paused"
    BLOCKED = "blocked"
    """The script's environment or files did not allow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One scheduled moment: exactly one row, unique on script, trigger and due time."""

    script: ScriptId
    trigger: TriggerKey
    due: datetime
    outcome: Outcome
    reason: str = ""
    run_id: RunId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that is kept of a run beside its output."""

    id: RunId
    script: ScriptId
    status: RunStatus
    cause: Cause
    queued_at: datetime
    reason: str = ""
    trigger: TriggerKey | None = None
    scheduled_for: datetime | None = None
    not_before: datetime | None = None
    """A retry waits until then."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    duration_ms: int | None = None
    """Measured by the runner's monotonic clock."""
    exit_code: int | None = None
    """Negative for a signal."""
    cpu_ms: int | None = None
    peak_memory_bytes: int | None = None
    """Of the process tree, sampled."""
    attempt: int = 1
    first_id: RunId | None = None
    """Of a retry: the run that was tried first."""
    commit: str | None = None
    digest: str | None = None
    """Hash of the script's directory."""
    lock: str | None = None
    environment: str | None = None
    """Key of the environment it ran in."""
    python: str | None = None
    requested_by: str | None = None
    args: tuple[str, ...] = ()
    """Added to the script's by the trigger or the caller."""
    env: tuple[tuple[str, str], ...] = ()
    """Added to the script's by the trigger or the caller."""
    files: tuple[str, ...] = ()
    """Absolute paths that set a `files` trigger off."""
    payload: str | None = None
    """Absolute path of the body of a URL trigger's POST."""
    previous_status: RunStatus | None = None
    boot: str | None = None
    """Boot of the machine in which its start was asked for, on disk before that was done."""
    output_bytes: int | None = None
    """What the run wrote, kept or not."""
    output_cut: int | None = None
    """Bytes of it that were not kept."""

    @property
    def signal(self) -> int | None:
        return -self.exit_code if self.exit_code is not None and self.exit_code < 0 else None

    def but(self, **changes: Any) -> Self:
        """Return a copy with other values in some fields, as `dataclasses.replace` does.

        That calls the constructor, which has 30 fields to check and to set: three times as
        slow, and a run changes seven times.
        """
        copy = object.__new__(type(self))
        for put, value in zip(_SETTERS.values(), _VALUES(self), strict=True):
            put(copy, value)
        for name, value in changes.items():
            _SETTERS[name](copy, value)
        return copy


_NAMES = tuple(each.name for each in fields(Run))
_VALUES = attrgetter(*_NAMES)
_SETTERS: Mapping[str, Callable[[Run, Any], None]] = {
    name: getattr(Run, name).__set__ for name in _NAMES
}
"""Of the slots themselves, below the guard that makes a run unchangeable."""
