"""Where text goes: the two streams, plain when nobody looks, coloured when somebody does.

Lines are never wrapped or highlighted: what is printed can be searched and copied, and
a pipe gets the same words as a terminal. Only the sentence of a run is shortened to the
terminal's width; `--json` and `pysched logs` tell the rest.
"""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from web.cli.words import Look, local
from web.visible import visible_lines

Cell = str | Text
GAP = 2
"""Characters between two columns."""
LEAST = 16
"""Characters that a shortened text keeps."""
LONG = 48
"""Characters from which on a cell does not widen its column in a pipe."""


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
        text = Text.assemble(*parts)
        text.plain = visible_lines(text.plain)
        out.print(text, soft_wrap=True)
    else:
        # A server in the background says a line a run: rich takes 20 times as long for it.
        out.file.write(visible_lines("".join(map(_plain, parts))) + "\n")
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


def columns(rows: Iterable[Sequence[Cell]], *, cut: Sequence[int] = ()) -> None:
    """Print rows in columns, one line each.

    `cut` names the columns that are shortened with `…` until a row fits the terminal, the
    first of them first. In a pipe nothing is cut, and a long cell only moves its own row.
    """
    texts = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    widths = [max(cell_len(cell.plain) for cell in column) for column in zip(*texts, strict=True)]
    out = console()
    if out.is_terminal:
        widths = _fitting(widths, cut, out.width)
    else:
        widths = [min(width, LONG) if at in cut else width for at, width in enumerate(widths)]
    for row in texts:
        line = Text()
        for cell, width in zip(row[:-1], widths[:-1], strict=True):
            shown = _shortened(cell, width) if out.is_terminal else cell
            line.append_text(shown)
            line.append(" " * max(width - cell_len(shown.plain), 0) + " " * GAP)
        line.append_text(_shortened(row[-1], widths[-1]) if out.is_terminal else row[-1])
        say(line)


def when(moment: str) -> str:
    """Write a moment in local time; on a terminal today's goes without its date."""
    now = datetime.now(UTC)  # noqa: TID251 - the reader's own today, no part of a decision
    written, today = local(moment), f"{local(now)[:10]} "
    return written.removeprefix(today) if console().is_terminal else written


def _fitting(widths: Sequence[int], cut: Sequence[int], most: int) -> list[int]:
    """Return the widths with which a row fits, as far as the columns to cut allow it."""
    found = list(widths)
    for at in cut:
        over = sum(found) + GAP * (len(found) - 1) - most
        found[at] = min(found[at], max(found[at] - over, LEAST))
    return found


def _shortened(cell: Text, width: int) -> Text:
    if cell_len(cell.plain) <= width:
        return cell
    short = cell.copy()
    short.truncate(width, overflow="ellipsis")
    return short


def fitting(text: str, beside: int, to: Console) -> str:
    """Shorten a text to what a terminal's line has left beside so many characters."""
    if not to.is_terminal:
        return text
    return _shortened(Text(text), max(to.width - beside, LEAST)).plain
