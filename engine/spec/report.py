"""The order in which problems are told."""

from collections.abc import Iterable

from engine.model.tree import Problem


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return each problem once, by path and place; a folder's is shared by its scripts."""
    return sorted(set(problems), key=lambda p: (p.path, p.line, p.column, p.code, p.message))
