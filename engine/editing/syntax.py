"""Ask the Python that will run a file whether it can read it.

Only that Python knows: what is valid in 3.12 may not be in 3.8, and its own sentence is
the one that a run would fail with. The text is compiled and never executed, by a program
that imports nothing of the script's, in a process that a text made to be costly can only
end.
"""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from engine.editing.place import inside, lines_of
from engine.errors import Unavailable
from engine.model.tree import Problem, Severity
from engine.process import CommandTimedOut, run_command

SECONDS = 5.0
MEMORY = 1 << 30
"""Bytes of address space; a megabyte of nested lists needs 400 MB."""
MOST_WARNINGS = 50

PROGRAM = r"""
import json, sys, warnings
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
except (ImportError, ValueError, OSError):
    pass
found = {"error": None, "warnings": [], "failed": None}
source = sys.stdin.buffer.read()

def place(e):
    "Of a file Python tells bytes, of a text characters, and of what it finds late always bytes."
    text = source.decode("utf-8-sig")
    try:
        compile(text, "script.py", "exec", 1024, dont_inherit=True)
    except SyntaxError as again:
        return again.lineno, again.offset
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not e.lineno or not e.offset or e.lineno > len(lines):
        return e.lineno, e.offset
    before = lines[e.lineno - 1].encode()[:e.offset - 1]
    return e.lineno, len(before.decode("utf-8", "replace")) + 1

with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    try:
        try:
            compile(source, "script.py", "exec", dont_inherit=True)
        except SyntaxError as e:
            found["error"] = [*place(e), str(e.msg)]
    except (ValueError, OverflowError, RecursionError, MemoryError) as e:
        found["failed"] = str(e) or type(e).__name__
for w in seen[:MOST]:
    if issubclass(w.category, (SyntaxWarning, DeprecationWarning)):
        found["warnings"].append([w.lineno, 1, str(w.message)])
print(json.dumps(found))
""".replace("MEMORY", str(MEMORY)).replace("MOST", str(MOST_WARNINGS))
"""Run by the script's own Python, so it is written for 3.8; 1024 is `ast.PyCF_ONLY_AST`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptPython:
    """The Python that a script's files are for."""

    interpreter: str
    """Absolute path."""
    version: str
    """Such as `3.12.1`."""


async def check_syntax(
    python: ScriptPython, path: str, text: str, file: IO[bytes]
) -> list[Problem]:
    """Return what Python says of a text; `file` holds it, and is read from its start.

    Raises Unavailable when Python takes too long, CommandFailed when it cannot be started.
    """
    command = [python.interpreter, "-I", "-S", "-c", PROGRAM]
    file.seek(0)
    try:
        done = await run_command(
            command, cwd=Path("/"), env={}, timeout=SECONDS, stdin=file.fileno()
        )
    except CommandTimedOut:
        raise Unavailable(
            f"{path}: Python {python.version} has not read it after {SECONDS:g} s. "
            "Try again, or make the file smaller."
        ) from None
    answer = done.stdout if done.code == 0 else ""
    return await asyncio.to_thread(found_by_python, python.version, path, text, answer)


def found_by_python(version: str, path: str, text: str, answer: str) -> list[Problem]:
    """Turn the answer of PROGRAM into problems; pure. An empty one tells that Python crashed."""
    try:
        found: dict[str, Any] = json.loads(answer)
    except ValueError:
        return [_too_deep(path, version, "it crashes")]
    if found["failed"]:
        return [_too_deep(path, version, found["failed"])]
    warnings = {(line, column, said) for line, column, said in found["warnings"]}
    told = [(*each, "syntax_warning", Severity.WARNING) for each in sorted(warnings)]
    if found["error"]:
        told.insert(0, (*found["error"], "syntax_error", Severity.ERROR))
    lines = lines_of(text)
    return [_problem(path, lines, one) for one in told]


def _problem(
    path: str, lines: list[str], told: tuple[int | None, int | None, str, str, Severity]
) -> Problem:
    line, column, said, code, severity = told
    at = inside(lines, line, column)
    return Problem(
        path=path,
        line=at.line,
        column=at.column,
        severity=severity,
        code=code,
        message=" ".join(said.split()),
    )


def _too_deep(path: str, version: str, why: str) -> Problem:
    message = f"Python {version} cannot read this file: {why}. It is nested too deeply"
    return Problem(path=path, code="too_deep", message=message)
