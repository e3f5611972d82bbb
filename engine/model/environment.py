"""What a script needs to be run with, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from engine.model.identity import EnvironmentKey


@dataclass(frozen=True, slots=True)
class EnvironmentRequest:
    """What a script asks for; equal requests share one environment."""

    python: str | None = None
    """A version such as `3.12`, or from PEP 723 a specifier such as `>=3.10`; None: default."""
    requirements: str = ""
    """One a line, without comments and sorted, so that cosmetic edits change nothing."""


class EnvironmentState(StrEnum):
    MISSING = "missing"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A built environment; immutable, shared by all scripts that resolve to the same lock."""

    key: EnvironmentKey
    interpreter: str
    """Absolute, resolved path of the Python to start runs with."""
    python: str
    """Full version, such as `3.12.1`."""
    lock: str
    """Hash of the pinned requirements; the empty lock has one too."""
