"""Read a tree and tell its mistakes; needs no data directory and no server."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from engine.errors import InvalidInput, NotFound
from engine.model.identity import ScriptId
from engine.model.script import Script
from engine.model.tree import Problem, Tree
from engine.reconcile.preview import problems_of
from engine.schedule.cron import check
from engine.service.clock import SystemClock
from engine.tree.definer import SpecDefiner
from engine.tree.scan import TreeScanner
from schemas.settings import Settings


def definer(settings: Settings) -> SpecDefiner:
    """Return what turns files into definitions, with the defaults of these settings."""
    return SpecDefiner(settings, check, version("pysched"))


def scan(tree: Path, settings: Settings) -> Tree:
    """Read a whole tree. Raises UnsafeTree when it cannot be read."""
    return TreeScanner(tree, definer(settings), SystemClock()).scan()


def validate(tree: Path, settings: Settings) -> tuple[int, Sequence[Problem]]:
    """Return the number of scripts, and every problem in order of place."""
    found = scan(tree, settings)
    return len(found.entries), problems_of(found)


def definition(tree: Path, settings: Settings, script_id: str) -> Script:
    """Return one script of a tree. Raises NotFound, and InvalidInput with its problems."""
    entry = scan(tree, settings).entries.get(ScriptId(script_id.strip("/")))
    if entry is None:
        raise NotFound(f"there is no script {script_id!r} in {tree}")
    if entry.script is None:
        raise InvalidInput("\n".join(map(str, entry.problems)))
    return entry.script
