"""What the engine measures of itself, when somebody asks: an idle server measures nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.model.environment import EnvironmentState
from engine.model.histogram import Histogram
from engine.model.identity import ScriptId
from engine.model.run import RunStatus
from engine.model.status import Health


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCounts:
    """Runs since this engine started."""

    ended: Mapping[RunStatus, int]
    by_script: Mapping[ScriptId, Mapping[RunStatus, int]]
    """Empty unless it is asked for by the settings."""
    durations: Histogram
    """Seconds, of runs that started."""
    waits: Histogram
    """Seconds from the moment a run was queued to its start."""
    lateness: Histogram
    """Seconds from the moment a run was scheduled for to its start; without catch-ups."""
    builds: Mapping[str, int]
    """Builds of environments that are over, `ready` or `failed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessUse:
    """What a process uses of the machine."""

    memory_bytes: int
    """Resident."""
    cpu_seconds: float
    """Since it started."""
    open_files: int
    started: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """All that is measured, at one moment."""

    health: Health
    unexpected: int
    """Failures that nobody expected: each is a mistake of this program."""
    slots: int
    """How many runs may go at once."""
    runs: RunCounts
    environments: Mapping[EnvironmentState, int]
    """Those that scripts ask for."""
    building: int
    passes: Histogram
    """Seconds, of passes over the files."""
    passes_failed: int
    changes: int
    """Scripts that passes created, changed or removed."""
    writes: Histogram
    """Seconds, of transactions of the database."""
    writes_waiting: int
    disk_free_bytes: int | None
    """Of the file system of the data directory; None when that cannot be told."""
    disk_bytes: int | None
    processes: Mapping[str, ProcessUse]
    """`engine` and `runner`."""
