"""Places in the tree: paths from its root with forward slashes, the root being empty."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from engine.model.identity import ScriptId
from engine.spec.files import check_name
from engine.tree.ignore import is_ignored_directory, is_ignored_path
from engine.tree.survey import Listing, list_directory

DEEPEST = 40
"""Folders inside one another; a tree that goes deeper was not made by hand."""


class ScriptRule(Protocol):
    """Says which directories are scripts."""

    def is_script(self, name: str, files: Collection[str]) -> bool: ...


def parent(place: str) -> str:
    return place.rpartition("/")[0]


def join(place: str, name: str) -> str:
    return f"{place}/{name}" if place else name


def relative(path: Path, root: Path) -> str | None:
    """Return the place of a path, None when it is outside the tree or not looked at."""
    if not path.is_relative_to(root):
        return None
    parts = path.relative_to(root).parts
    return None if is_ignored_path(parts) or ".." in parts else "/".join(parts)


def at_or_below(scripts: Iterable[ScriptId], place: str) -> Iterator[ScriptId]:
    """Give the scripts at or below a place."""
    prefix = f"{place}/" if place else ""
    return (script for script in scripts if script == place or script.startswith(prefix))


def outermost(places: Collection[str]) -> list[str]:
    """Return the places without those that are below another of them, in order."""
    kept: list[str] = []
    for place in sorted(set(places), key=lambda p: p.split("/")):
        if not (kept and (place == kept[-1] or place.startswith(f"{kept[-1]}/"))):
            kept.append(place)
    return kept


def is_script_at(root: Path, place: str, rule: ScriptRule) -> bool:
    """Tell by the names in it whether the directory at a place is a script."""
    listing = _listing(root, place)
    return rule.is_script(place.rpartition("/")[2], listing.names)


def discover(root: Path, place: str, rule: ScriptRule) -> Iterator[ScriptId]:
    """Find the scripts at or below a place by their names alone."""
    listing = _listing(root, place)
    if rule.is_script(place.rpartition("/")[2], listing.names):
        yield ScriptId(place)
    elif place.count("/") < DEEPEST:
        for child in listing.directories:
            if check_name(child) is None:
                yield from discover(root, join(place, child), rule)


def _listing(root: Path, place: str) -> Listing:
    """List a directory; empty when it is ignored, gone, or cannot be read."""
    path = str(root / place)
    if is_ignored_directory(place.rpartition("/")[2]):
        return Listing(path)
    try:
        return list_directory(path)
    except OSError:
        return Listing(path)
