"""Where a symbolic link leads, and whether it may be followed there (spec.md §2).

A link to a regular file inside the tree stands for that file. Nothing else is
followed: a link that leaves the tree could show a pushed script any file of the
server, and a link to a directory could lead in circles or run a script twice.
"""

import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from engine.model.tree import Problem, Severity


class LinkKind(StrEnum):
    FILE = "file"
    """To a regular file inside the tree: read as if it were that file."""
    DIRECTORY = "directory"
    """To a directory inside the tree: scripts see it, the scan does not look into it."""
    OUTSIDE = "outside"
    DANGLING = "dangling"
    """To nothing, in a circle, or to something that is neither file nor directory."""


@dataclass(frozen=True, slots=True)
class Target:
    kind: LinkKind
    real: str
    """Absolute path without links."""
    text: str
    """What the link itself says."""


def follow(path: str, root: str) -> Target:
    """Return where the link at `path` leads; `root` is the tree's path without links."""
    try:
        text = str(Path(path).readlink())
        real = os.path.realpath(path, strict=True)
        mode = os.lstat(real).st_mode
    except OSError:
        return Target(_lost(path, root), "", _text(path))
    if not is_inside(real, root):
        return Target(LinkKind.OUTSIDE, real, text)
    if stat.S_ISREG(mode):
        return Target(LinkKind.FILE, real, text)
    return Target(LinkKind.DIRECTORY if stat.S_ISDIR(mode) else LinkKind.DANGLING, real, text)


def is_inside(real: str, root: str) -> bool:
    return real == root or real.startswith(root.rstrip("/") + "/")


def link_problem(path: str, kind: LinkKind, *, needed: bool) -> Problem | None:
    """Report a link that is not followed; an error where the script cannot do without it."""
    why = {
        LinkKind.OUTSIDE: "a link that leaves the tree is not followed; copy the file instead",
        LinkKind.DANGLING: "this link leads to no file or directory; mend or remove it",
        LinkKind.DIRECTORY: "a link to a directory is not looked into; move the directory here",
        LinkKind.FILE: None,
    }[kind]
    if why is None:
        return None
    severity = Severity.ERROR if needed else Severity.WARNING
    return Problem(path=path, severity=severity, code=f"link_{kind}", message=why)


def _lost(path: str, root: str) -> LinkKind:
    inside = is_inside(os.path.realpath(path), root)
    return LinkKind.DANGLING if inside else LinkKind.OUTSIDE


def _text(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""
