"""Where text goes: the two streams, plain when nobody looks, coloured when somebody does.

Lines are never wrapped, cut or highlighted: what is printed can be searched and
copied, and a pipe gets the same words as a terminal.
"""

import sys
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.control import strip_control_codes
from rich.text import Text

from web.cli.words import Look

Cell = str | Text


def error_console() -> Console:
    """Return the console of messages about the program itself."""
    return _console(stderr=True)


def console() -> Console:
    """Return the console of results."""
    return _console(stderr=False)


@cache
def _console(*, stderr: bool) -> Console:
    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)


def say(*parts: Cell | tuple[str, str], to: Console | None = None) -> None:
    """Print one line made of the parts."""
    out = to or console()
    if out.is_terminal or out.record:
        out.print(Text.assemble(*parts), soft_wrap=True)
    else:
        # A server in the background says a line a run: rich takes 20 times as long for it.
        out.file.write(strip_control_codes("".join(map(_plain, parts))) + "\n")
        out.file.flush()


def _plain(part: Cell | tuple[str, str]) -> str:
    if isinstance(part, tuple):
        return part[0]
    return part if isinstance(part, str) else part.plain


def write_json(value: Any) -> None:
    """Print a value for programs: one JSON document, indented, nothing else."""
    import json

    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def mark(look: Look, to: Console | None = None) -> Text:
    """Return the status mark in its tone, or its letter where the terminal lacks the glyph."""
    encoding = (to or console()).encoding.lower()
    return Text(look.mark if encoding.startswith("utf") else look.plain, style=look.tone)


def columns(rows: Iterable[Sequence[Cell]]) -> None:
    """Print rows with every column as wide as its widest cell."""
    texts = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    widths = [max(cell_len(cell.plain) for cell in column) for column in zip(*texts, strict=True)]
    for row in texts:
        line = Text()
        for cell, width in zip(row[:-1], widths[:-1], strict=True):
            line.append_text(cell)
            line.append(" " * (width - cell_len(cell.plain) + 2))
        line.append_text(row[-1])
        say(line)
