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
    if error_count(problems):
        return f"{count(scripts, 'script')}: {counted(problems)}"
    valid = f"{count(scripts, 'script')} {'is' if scripts == 1 else 'are'} valid"
    return f"{valid}, {counted(problems)}" if problems else valid


def counted(problems: Sequence[Problem]) -> str:
    """Count by severity: `2 errors, 1 warning`; empty when there is none."""
    errors = error_count(problems)
    numbers = (("error", errors), ("warning", len(problems) - errors))
    return ", ".join(count(number, noun) for noun, number in numbers if number)


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
