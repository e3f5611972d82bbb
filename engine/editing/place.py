"""Where things are in Python text, and what cannot be Python text at all; pure.

Python and ruff end a line at a line feed, a carriage return, or both together, and at
nothing else; columns are counted in characters, a tab being one.
"""

import re

from engine.document.place import START, Position
from engine.model.tree import Problem

LARGEST = 1_000_000
"""Bytes of a text that are looked at."""

_BREAK = re.compile(r"\r\n|\r|\n")


def lines_of(text: str) -> list[str]:
    """Return the lines of a text without their ends; the last one may be empty."""
    return _BREAK.split(text)


def position_of(text: str, offset: int) -> Position:
    """Return the position of the character at an offset."""
    before = lines_of(text[:offset])
    return Position(len(before), len(before[-1]) + 1)


def inside(lines: list[str], line: int | None, column: int | None) -> Position:
    """Return a position that a tool told, brought into the text.

    No tool counts the byte order mark with which a text may begin.
    """
    if not line or line < 1:
        return START
    if line == 1 and column and lines[0].startswith("\ufeff"):
        column += 1
    number = min(line, len(lines))
    end = len(lines[number - 1]) + 1
    return Position(number, end if line > number else min(max(column or 1, 1), end))


def no_text(path: str, text: str) -> Problem | None:
    """Return why nobody could read a text as a file, None for one that can be."""
    size = 0
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        line, column = position_of(text, error.start)
        message = f"{text[error.start]!a} is half of a character and cannot be saved; remove it"
        return Problem(path=path, line=line, column=column, code="not_utf8", message=message)
    if size > LARGEST:
        message = f"the file has more than {LARGEST} bytes; make it smaller"
        return Problem(path=path, code="too_large", message=message)
    if "\0" in text:
        line, column = position_of(text, text.index("\0"))
        message = "NUL characters are not allowed; remove them"
        return Problem(path=path, line=line, column=column, code="not_text", message=message)
    return None
