"""Have ruff look for what is valid Python and probably a mistake, or unsafe.

Its rules F (names that are not defined or not used), E9 and S (security). Ruff reads
nothing but the text: no configuration, neither the user's nor one in the tree, and no
cache. All it finds is a hint, because a run may still be what its author wants.
"""

import asyncio
import json
import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from typing import IO, Any

from engine.editing.place import inside, lines_of
from engine.errors import CommandFailed
from engine.model.tree import Problem, Severity
from engine.process import run_command

SECONDS = 5.0
RULES = "F,E9,S"
MOST = 200
"""Findings that are told of one file; nobody reads on, and a hostile text has millions."""
NEWEST_MINOR = 15
"""Of Python 3: the newest that ruff knows, with OLDEST_MINOR for the oldest."""
OLDEST_MINOR = 7
SYNTAX = "invalid-syntax"
"""The code of what ruff's own parser refuses."""


class _Enough(Exception):
    """No more is wanted."""


@dataclass(slots=True)
class _Findings:
    lines: list[str] = field(default_factory=list[str])

    def take(self, line: str) -> None:
        if line.startswith("{"):
            self.lines.append(line)
            if len(self.lines) >= MOST:
                raise _Enough


async def lint(version: str, path: str, text: str, file: IO[bytes]) -> list[Problem]:
    """Return what ruff finds in a text; `file` holds it, and is read from its start.

    `version` is that of the script's Python, such as `3.12.1`. What keeps ruff from its work
    is a problem too, a warning: the rest of a check is worth having without it.
    """
    findings = _Findings()
    file.seek(0)
    try:
        done = await run_command(
            [_ruff(), *arguments(version, path)],
            cwd=Path("/"),
            env={"RAYON_NUM_THREADS": "1", "NO_COLOR": "1"},
            timeout=SECONDS,
            on_line=findings.take,
            stdin=file.fileno(),
        )
        failed = done.stderr if done.code not in (0, 1) else None
    except _Enough:
        failed = None
    except CommandFailed as error:
        failed = str(error)
    if failed is not None:
        return [_not_linted(path, failed)]
    return await asyncio.to_thread(found_by_ruff, path, text, findings.lines)


def arguments(version: str, path: str) -> list[str]:
    """Return how ruff is called for one text on its standard input."""
    return [
        "check", "--isolated", "--no-cache", "--no-fix", "--quiet",
        "--output-format", "json-lines", "--select", RULES,
        "--target-version", target_version(version),
        "--stdin-filename", PurePosixPath(path).name, "-",
    ]  # fmt: skip


def target_version(version: str) -> str:
    """Return ruff's word for a version of Python, the nearest that it knows."""
    minor = int(version.split(".")[1])
    return f"py3{min(max(minor, OLDEST_MINOR), NEWEST_MINOR)}"


def found_by_ruff(path: str, text: str, answer: list[str]) -> list[Problem]:
    """Turn ruff's lines into problems; pure."""
    lines = lines_of(text)
    return [_problem(path, lines, json.loads(line)) for line in answer]


def _problem(path: str, lines: list[str], found: dict[str, Any]) -> Problem:
    at: dict[str, int] = found["location"] or {}
    line, column = inside(lines, at.get("row"), at.get("column"))
    code = found.get("code") or SYNTAX
    return Problem(
        path=path,
        line=line,
        column=column,
        severity=Severity.ERROR if code == SYNTAX else Severity.WARNING,
        code=code,
        message=" ".join(str(found["message"]).split()),
    )


def _not_linted(path: str, why: str) -> Problem:
    reason = (why.strip().splitlines() or ["ruff ended without a word"])[0][:300]
    message = f"no lint: {reason}"
    return Problem(path=path, severity=Severity.WARNING, code="no_lint", message=message)


@cache
def _ruff() -> str:
    """Return the path of the ruff that is installed with us."""
    import ruff  # pyright: ignore[reportMissingTypeStubs]

    try:
        return os.fsdecode(ruff.find_ruff_bin())
    except FileNotFoundError:
        raise CommandFailed(
            "ruff is not installed; install pysched anew, with what it depends on"
        ) from None
