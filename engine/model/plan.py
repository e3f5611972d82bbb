"""What must change so that the running system matches the files, as a list of actions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.model.environment import EnvironmentRequest
from engine.model.identity import ScriptId
from engine.model.script import Script
from engine.model.tree import Entry, Problem


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs; None on a side where it is not set."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateScript:
    entry: Entry

    @property
    def id(self) -> ScriptId:
        return self.entry.id


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateScript:
    """The definition, or only files beside it, changed; `changes` is empty for the latter."""

    entry: Entry
    before: Script | None
    changes: tuple[FieldChange, ...] = ()
    mended: bool = field(default=False, compare=False)
    """The files held an error before and hold none now; told, and no part of what is done."""

    @property
    def id(self) -> ScriptId:
        return self.entry.id


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkScript:
    """The files hold an error: the last good definition, if any, stays."""

    entry: Entry
    stale: bool = field(default=False, compare=False)
    """There is a last good definition; told, and no part of what is done."""

    @property
    def id(self) -> ScriptId:
        return self.entry.id


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteScript:
    id: ScriptId


ScriptAction = CreateScript | UpdateScript | MarkScript | DeleteScript


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedOccurrence:
    """When a script would run next, before and after the change."""

    script: ScriptId
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a pass would do about the tree; empty when the tree is in force."""

    actions: Sequence[ScriptAction] = ()
    builds: Sequence[tuple[EnvironmentRequest, tuple[ScriptId, ...]]] = ()
    """Environments to build, with the scripts that need each."""
    moved: Sequence[MovedOccurrence] = ()
    problems: Sequence[Problem] = ()
    stale: Sequence[ScriptId] = ()
    """Scripts whose last good definition stays in force because their files hold an error."""
    held: str | None = None
    """Why the removals among the actions wait for a confirmation; None when nothing waits."""

    @property
    def empty(self) -> bool:
        return not self.actions and not self.builds
