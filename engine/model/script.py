"""What a script's manifest and directory ask for, with every default filled in."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from engine.model.environment import EnvironmentRequest
from engine.model.identity import ScriptId
from engine.model.run import RunStatus
from engine.model.trigger import Trigger


class Overlap(StrEnum):
    """What happens to an occurrence while a run of the script is still going."""

    SKIP = "skip"
    QUEUE = "queue"
    PARALLEL = "parallel"
    REPLACE = "replace"


class Source(StrEnum):
    """Where a run's files come from."""

    LIVE = "live"
    SNAPSHOT = "snapshot"


class Sandbox(StrEnum):
    NONE = "none"
    RESTRICTED = "restricted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one run's whole process tree; None means no bound."""

    timeout: timedelta | None = None
    memory: int | None = None
    """Bytes."""
    cpu: float | None = None
    """Cores."""
    processes: int | None = None
    output: int | None = 10_000_000
    """Bytes kept: the first and the last half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    attempts: int
    """Counts the first."""
    delay: timedelta = timedelta(seconds=10)
    backoff: float = 1.0
    max_delay: timedelta = timedelta(hours=1)
    when: tuple[RunStatus, ...] = (RunStatus.FAILED, RunStatus.TIMEOUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    when: tuple[str, ...]
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    runs: int = 200
    days: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What one directory of the tree asks the engine to do."""

    id: ScriptId
    name: str
    main: str
    """Path of the Python file below the script's directory."""
    environment: EnvironmentRequest
    description: str = ""
    enabled: bool = True
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    triggers: tuple[Trigger, ...] = ()
    limits: Limits = field(default_factory=Limits)
    overlap: Overlap = Overlap.SKIP
    max_parallel: int = 1
    queue_limit: int | None = None
    group: str | None = None
    retry: Retry | None = None
    success_exit_codes: tuple[int, ...] = (0,)
    skip_exit_codes: tuple[int, ...] = ()
    source: Source = Source.LIVE
    merge_output: bool = False
    stop_grace: timedelta = timedelta(seconds=10)
    queue: str = "default"
    sandbox: Sandbox = Sandbox.NONE
    notify: Notify | None = None
    expect_within: timedelta | None = None
    keep: Keep = field(default_factory=Keep)
