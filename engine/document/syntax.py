"""Say what is wrong with a file that is not YAML, and how to mend it.

libyaml's words are for those who know its grammar; the mistakes people really
make in a manifest are few, and can be told from the place where it gave up.
"""

import re

from engine.document.mistake import NotYaml
from engine.document.place import Position, lines_of

_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\x7E\x85\xA0-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""YAML 1.2 §5.1: what is not a printable character."""

_HINTS = (
    ("alias", """a value that begins with '*' must be in quotes, such as "*/5 * * * *" """),
    ("cannot start any token", "a value that begins with {character!r} must be in quotes"),
    ("mapping values", "if the value holds ': ', put it in quotes; else check the indentation"),
    ("quoted scalar", "check the quotes that open in line {line}"),
    ("flow sequence", "check the brackets that open in line {line}"),
    ("flow mapping", "check the braces that open in line {line}"),
    ("block", "check the indentation, and that a ':' and a space follow each key"),
    ("simple key", "check the indentation, and that a ':' and a space follow each key"),
)
"""A part of the reader's sentence, and the mend."""


def forbidden_character(text: str) -> int | None:
    """Return the offset of the first character that YAML does not allow."""
    match = _FORBIDDEN.search(text)
    return match.start() if match else None


def explain_syntax(error: NotYaml, text: str) -> tuple[Position, str]:
    """Return the place and the message for an error of the reader of `text`."""
    character = _character(text, error.position)
    hint = next((hint for part, hint in _HINTS if part in error.said), "")
    if character == "\t":
        hint = "indent with spaces, not with tabs"
    mend = hint.format(character=character, line=error.begin.line).strip()
    position = error.begin if "alias" in error.said else error.position
    return position, f"not valid YAML: {error.said}" + (f"; {mend}" if mend else "")


def _character(text: str, position: Position) -> str:
    lines = lines_of(text)
    if position.line > len(lines):
        return ""
    return lines[position.line - 1][position.column - 1 : position.column]
