"""What is reported of scripts and of the engine; derived, never set by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from engine.model.environment import EnvironmentState
from engine.model.identity import EnvironmentKey, ScriptId, TriggerKey
from engine.model.run import Run
from engine.model.tree import Problem


class ScriptStatus(StrEnum):
    OK = "ok"
    FAILING = "failing"
    ERROR = "error"
    """A file problem; the last good definition is in force."""
    ENV_FAILED = "env_failed"
    BUILDING = "building"
    PAUSED = "paused"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerReport:
    key: TriggerKey
    kind: str
    description: str
    """A sentence, such as "every 5 minutes"."""
    enabled: bool
    next: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentReport:
    state: EnvironmentState
    key: EnvironmentKey | None
    """The one that runs use, which may be an older one."""
    python: str | None
    message: str | None
    """Why the newest build failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentDetails:
    """All that is known of the environment of a script."""

    report: EnvironmentReport
    building: bool
    """A build goes on, be it of the first one or of one that will follow."""
    lock: str | None
    """Hash of the pinned requirements."""
    lock_text: str | None
    """The pinned requirements, without passwords."""
    packages: tuple[tuple[str, str], ...]
    """Name and version, or address, of each; sorted."""
    log: str
    """The end of the log of the newest build."""
    built_at: datetime | None
    size: int | None
    """Bytes of its files, those that it shares with other environments included."""
    used_by: tuple[ScriptId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptReport:
    id: ScriptId
    name: str
    description: str
    folder: str
    """Empty for a script directly below the root."""
    enabled: bool
    status: ScriptStatus
    stale: bool
    """The files hold an error and an older definition is in force."""
    problems: tuple[Problem, ...]
    triggers: tuple[TriggerReport, ...]
    next_run: datetime | None
    last_run: Run | None
    active: tuple[Run, ...]
    """Queued and running runs."""
    environment: EnvironmentReport
    revision: str | None
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`failing` names each part that does not work, with a sentence; empty means ok."""

    failing: Mapping[str, str]
    degraded: Mapping[str, str]
    """Parts that work in a lesser way, such as watching by scans alone."""
    scripts: int
    problems: int
    queued: int
    running: int
    revision: str | None
    limits: Mapping[str, str]
    """How each limit of a run is enforced on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A part of a run's output."""

    data: bytes
    offset: int
    """Where `data` begins in the run's whole output, both streams counted."""
    next_offset: int
    finished: bool
    """No more will come after `next_offset`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputLine:
    at: datetime
    stream: str
    """`stdout`, `stderr` or `notice`."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """One future occurrence."""

    due: datetime
    """In the trigger's own time zone."""
    trigger: TriggerKey


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSample:
    """What the runner measured of a run's whole process tree at one moment."""

    at: datetime
    cpu_ms: int
    """Used since the start."""
    cpu_cores: float | None
    """Used on average since the sample before; None where that cannot be said."""
    memory_bytes: int
    processes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderReport:
    path: str
    """Empty for the root of the tree."""
    name: str
    description: str
    defaults: Mapping[str, Any]
    """What `folder.yaml` gives to the scripts below, as it is written."""
    scripts: int
    """Directly in it."""
    scripts_below: int
    """At any depth."""
    problems: tuple[Problem, ...]
    """Of its `folder.yaml`, and of what in it is no script."""


class TreeStatus(StrEnum):
    OK = "ok"
    ERROR = "error"
    """Files hold errors; the last good definitions of their scripts are in force."""
    HELD = "held"
    """Removals wait for a confirmation."""
    FAILING = "failing"
    """The tree cannot be read, or not be brought into force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeReport:
    """Whether the tree is in force."""

    status: TreeStatus
    revision: str | None
    """The commit the tree is at."""
    scripts: int
    """In force."""
    problems: tuple[Problem, ...]
    failure: str | None
    """Why not all of the tree can be brought into force."""
    held: str | None
    """Why removals wait."""
    removals: tuple[ScriptId, ...]
    """Scripts that stay in force until their removal is confirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerPreview:
    """What a trigger that is not saved would mean."""

    description: str
    coming: tuple[datetime, ...]
    """In the trigger's own time zone, soonest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What a collection removed."""

    environments: int
    runs: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of `pysched doctor`."""

    name: str
    ok: bool
    """False for what does not work."""
    detail: str
    mend: str = ""
    """Of what is not ok, or of a warning."""
    warning: bool = False
    """It works, and should be thought about."""


Findings = Sequence[Finding]
