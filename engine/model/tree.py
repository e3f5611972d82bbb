"""The tree of script directories as one scan saw it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from engine.model.identity import ScriptId
from engine.model.script import Script

UNREADABLE: Final = "unreadable"
"""The code of what could not be read; that it can be read again may be told by no event."""


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A mistake in the tree, at the place to mend it."""

    path: str
    """From the tree's root, with forward slashes."""
    line: int = 1
    column: int = 1
    severity: Severity = Severity.ERROR
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.severity}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One script directory."""

    id: ScriptId
    signature: str
    """Hash of the stat data of all its files: equal signatures need no second look."""
    digest: str
    """Hash of the content of all its files."""
    script: Script | None
    """None when its files hold an error."""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """All script directories, by id."""

    entries: Mapping[ScriptId, Entry]
    folders: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = field(default=())
    """Those of no one script: unsafe names, links that leave the tree, bad `folder.yaml` files."""
