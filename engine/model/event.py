"""What happened, for those who watch: the terminal, browsers, notifications."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.model.environment import EnvironmentRequest
from engine.model.identity import RunId, ScriptId
from engine.model.plan import Plan
from engine.model.run import Run


@dataclass(frozen=True, slots=True)
class RunChanged:
    """A run was queued, started or ended."""

    run: Run


@dataclass(frozen=True, slots=True)
class OutputGrew:
    """Bytes of output seen so far, by run."""

    sizes: Mapping[RunId, int]


@dataclass(frozen=True, slots=True)
class PlanApplied:
    """A pass changed what is in force."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class BuildChanged:
    """An environment's build went on; `phase` is resolve, create, install, ready or failed."""

    request: EnvironmentRequest
    scripts: Sequence[ScriptId]
    phase: str
    line: str


@dataclass(frozen=True, slots=True)
class RunnerChanged:
    connected: bool


@dataclass(frozen=True, slots=True)
class SyncChanged:
    """The reason why not all of the tree is in force came, went or became another."""

    failure: str | None
    held: str | None
    """Why removals wait."""


Event = RunChanged | OutputGrew | PlanApplied | BuildChanged | RunnerChanged | SyncChanged
Listener = Callable[[Event], None]
