"""Markdown tables."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown on one line."""
    lines = [_line(head), _line(["---"] * len(head)), *(_line(row) for row in rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    inner = " | ".join(_escaped(" ".join(cell.split())) for cell in cells)
    return f"| {inner} |"


def _escaped(cell: str) -> str:
    """Keep `|` from ending the cell, and `<name>` from being taken for HTML outside of code."""
    parts = cell.replace("|", r"\|").split("`")
    # Every second part is code, in which nothing is taken for HTML.
    parts[::2] = [part.replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)
