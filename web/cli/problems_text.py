"""Problems of the tree in the formats of `pysched validate`."""

from collections.abc import Sequence
from os.path import relpath
from pathlib import Path

from engine.model.tree import Problem, Severity
from web.cli.words import count


def has_errors(problems: Sequence[Problem]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)


def error_count(problems: Sequence[Problem]) -> int:
    return sum(problem.severity is Severity.ERROR for problem in problems)


def verdict(scripts: int, problems: Sequence[Problem]) -> str:
    """Sum a check up: `12 scripts: 2 errors, 1 warning`, `12 scripts are valid, 1 warning`."""
    errors = error_count(problems)
    warnings = len(problems) - errors
    warned = f", {count(warnings, 'warning')}" if warnings else ""
    if errors:
        return f"{count(scripts, 'script')}: {count(errors, 'error')}{warned}"
    return f"{count(scripts, 'script')} {'is' if scripts == 1 else 'are'} valid{warned}"


def github_line(problem: Problem, tree: Path, here: Path) -> str:
    """Write a problem as a workflow command, so that it is shown at its line of a pull request.

    The path is from `here`, the checkout's root; properties are escaped as GitHub asks
    ("Workflow commands": `%`, CR, LF, and in properties `:` and `,`).
    """
    file = _property(relpath(tree / problem.path, here))
    place = f"file={file},line={problem.line},col={problem.column},title={_property(problem.code)}"
    return f"::{problem.severity} {place}::{_data(problem.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
