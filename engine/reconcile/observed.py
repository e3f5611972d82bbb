"""The facts about one script that a plan is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.model.environment import EnvironmentState
from engine.model.identity import EnvironmentKey, TriggerKey
from engine.model.run import Run
from engine.ports import InForce

NOTHING_SEEN: Mapping[TriggerKey, Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What is, about one script."""

    in_force: InForce | None
    active: tuple[Run, ...] = ()
    """Its queued and running runs, oldest first."""
    environment: EnvironmentState = EnvironmentState.MISSING
    """Of the environment that the desired definition asks for."""
    ready: EnvironmentKey | None = None
    """That environment when it is built, else the one of the definition in force."""
    files: Mapping[TriggerKey, Mapping[str, str]] = field(default_factory=lambda: NOTHING_SEEN)
    """What its `files` triggers match now; one that was not looked at is missing."""
    awake_since: datetime
    """From when on the engine has been running without a break, by the wall clock."""
    blocked: str = ""
    """Why no moment of it can run, such as that its files are gone; empty when nothing is."""
    starting: datetime | None = None
    """In the first pass: when the server started."""
