"""Check Python text as one types: what Python itself says, and what ruff makes of it."""

import tempfile

from engine.editing.lint import SYNTAX, lint
from engine.editing.place import no_text
from engine.editing.syntax import ScriptPython, check_syntax
from engine.model.tree import Problem, Severity

ENDS = (".py", ".pyi", ".pyw")
"""Of the names of files that hold Python."""


async def check_python(python: ScriptPython, path: str, text: str) -> list[Problem]:
    """Return every mistake and hint, in the order of the text; never raises for what is in it.

    Raises Unavailable when Python takes too long, CommandFailed when it cannot be started.
    """
    unusable = no_text(path, text)
    if unusable:
        return [unusable]
    with tempfile.TemporaryFile() as file:
        file.write(text.encode())
        file.flush()
        told = await check_syntax(python, path, text, file)
        hints = await lint(python.version, path, text, file)
    return merged(told, hints)


def merged(told: list[Problem], hints: list[Problem]) -> list[Problem]:
    """Join what Python and ruff say; of syntax Python alone is believed, it is who runs it."""
    places = {(one.line, one.column) for one in told if one.severity is Severity.ERROR}
    kept = [one for one in hints if one.code != SYNTAX and (one.line, one.column) not in places]
    return sorted({*told, *kept}, key=lambda p: (p.line, p.column, p.code, p.message))
