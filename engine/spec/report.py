"""Show problems to people, to programs and to the checks of a forge.

Paths and messages may hold text from the tree, so nothing in them can end a
line, move the cursor or begin a workflow command.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from engine.model.tree import Problem


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return each problem once, by path and place; a folder's is shared by its scripts."""
    return sorted(set(problems), key=lambda p: (p.path, p.line, p.column, p.code, p.message))


def as_text(problems: Iterable[Problem]) -> str:
    """Return `path:line:column: severity: message` lines."""
    return "".join(f"{_printable(str(problem))}\n" for problem in in_order(problems))


def as_json(problems: Iterable[Problem]) -> str:
    """Return `{"problems": […]}`."""
    items = [problem_as_json(problem) for problem in in_order(problems)]
    return json.dumps({"problems": items}, ensure_ascii=False, indent=2) + "\n"


def problem_as_json(problem: Problem) -> dict[str, Any]:
    """Return a problem in the shape that the API and `--format json` share."""
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "severity": str(problem.severity),
        "code": problem.code,
        "message": problem.message,
    }


def as_github(problems: Iterable[Problem]) -> str:
    """Return workflow commands, which a forge shows as annotations of the changed lines."""
    return "".join(
        f"::{problem.severity} file={_property(problem.path)},line={problem.line},"
        f"col={problem.column}::{_data(problem.message)}\n"
        for problem in in_order(problems)
    )


FORMATS: dict[str, Callable[[Iterable[Problem]], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
}
"""The values of `pysched validate --format`."""


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
