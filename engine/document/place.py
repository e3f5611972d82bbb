"""Where things are written in a file."""

import re
from typing import NamedTuple

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")

Path = tuple[str | int, ...]
"""Keys and list indexes from the top of a document, such as `("triggers", 0, "cron")`."""


class Position(NamedTuple):
    """Counted from 1, columns in characters, as editors show them."""

    line: int
    column: int


class Place(NamedTuple):
    """What is known of one node of a document."""

    key: Position | None
    """None for the items of a list and for the whole document."""
    value: Position
    text: str | None
    """The scalar as it was written, without its quotes; None for lists and mappings."""
    plain: bool
    """The scalar was written without quotes."""


START = Position(1, 1)


def lines_of(text: str) -> list[str]:
    """Return the lines of a text as YAML 1.1 counts them; one that ends in a break has no more."""
    lines = _BREAK.split(text)
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    return lines


def position_at(text: str, offset: int) -> Position:
    """Return the position of the character at an offset."""
    before = _BREAK.split(text[:offset])
    return Position(len(before), len(before[-1]) + 1)


def inside(text: str, position: Position) -> Position:
    """Return the position, moved back to the end of its line or of the text if it is beyond.

    Readers report a mistake at the end of a file one line after it, where no editor goes.
    """
    lines = lines_of(text)
    line = min(position.line, len(lines))
    last = len(lines[line - 1]) + 1
    return Position(line, last if line < position.line else min(position.column, last))
