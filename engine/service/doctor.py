"""Check the installation and say what is wrong and how to mend it."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from engine.environments.catalog import UvEnvironments
from engine.environments.uv import find_uv
from engine.errors import EngineError
from engine.host import disk_space
from engine.model.status import Finding
from engine.model.tree import Severity
from engine.service.check import validate
from engine.service.clock import SystemClock
from engine.service.data import open_environments
from engine.store.database import Database
from schemas.settings import Settings

LEAST_FREE = 1_000_000_000
"""Bytes; environments and output soon need that much."""
OLDEST_PYTHON = (3, 11)
ROOT = 0


async def examine(settings: Settings) -> tuple[Finding, ...]:
    """Return one finding a check; those that are not ok say what to do."""
    environments = open_environments(settings, SystemClock())
    return (
        _python(),
        _uv(),
        _git(),
        *_data(settings.paths.data),
        *_tree(settings.paths.scripts, settings),
        await _interpreters(environments),
        _watches(settings.paths.scripts),
        _account(),
        _key(settings),
    )


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        name="python",
        ok=sys.version_info >= OLDEST_PYTHON,
        detail=f"{version} at {sys.executable}",
        mend="Run pysched with Python 3.11 or newer.",
    )


def _uv() -> Finding:
    try:
        return Finding(name="uv", ok=True, detail=str(find_uv(os.environ)))
    except EngineError as error:
        return Finding(name="uv", ok=False, detail=str(error), mend="Install it: pip install uv")


def _git() -> Finding:
    program = shutil.which("git")
    return Finding(
        name="git",
        ok=True,
        detail=program or "not installed; not needed, pysched reads and writes repositories itself",
    )


def _data(data: Path) -> Iterator[Finding]:
    there = data if data.exists() else data.parent
    writable = there.exists() and os.access(there, os.W_OK)
    yield Finding(
        name="data directory",
        ok=writable,
        detail=f"{data}{'' if data.exists() else ' (made at the first start)'}",
        mend=f"Let the account that runs pysched write to {there}, or choose another with --data.",
    )
    if there.exists():
        free = disk_space(there).free
        yield Finding(
            name="disk",
            ok=free >= LEAST_FREE,
            detail=f"{free / 1e9:.1f} GB free",
            mend="Free some space, or run `pysched gc`.",
        )
    if (data / "pysched.db").exists():
        yield _database(data / "pysched.db")


def _database(path: Path) -> Finding:
    try:
        database = Database(path)
    except EngineError as error:
        return Finding(name="database", ok=False, detail=str(error), mend="Restore a backup.")
    try:
        wrong = database.check()
    finally:
        database.close()
    return Finding(
        name="database",
        ok=not wrong,
        detail="; ".join(wrong) or f"{_size(path) / 1e6:.1f} MB, sound",
        mend="Stop the server and restore a backup.",
    )


def _size(database: Path) -> int:
    """Return what a database takes on disk, with what SQLite has still to move into it."""
    parts = (database, *(database.with_name(f"{database.name}-{part}") for part in ("wal", "shm")))
    return sum(part.stat().st_size for part in parts if part.exists())


def _tree(tree: Path, settings: Settings) -> Iterator[Finding]:
    try:
        count, problems = validate(tree, settings)
    except EngineError as error:
        yield Finding(
            name="tree", ok=False, detail=str(error), mend="Name the directory of your scripts."
        )
        return
    yield Finding(name="tree", ok=True, detail=f"{tree}: {count} script{'' if count == 1 else 's'}")
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        yield Finding(
            name="manifests",
            ok=False,
            detail=f"{len(errors)} error{'' if len(errors) == 1 else 's'}, the first: {errors[0]}",
            mend="Run `pysched validate`.",
        )


async def _interpreters(environments: UvEnvironments) -> Finding:
    environments.layout.interpreters.parent.mkdir(parents=True, exist_ok=True)
    found = await environments.interpreters.found()
    versions = ", ".join(sorted({each.version for each in found}, key=_by_number))
    return Finding(
        name="interpreters",
        ok=bool(found),
        detail=versions or "none found",
        mend="Install a Python, or add its path to environments.python_paths.",
    )


def _by_number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _watches(tree: Path) -> Finding:
    """Compare the kernel's limit with the directories of the tree."""
    try:
        limit = int(Path("/proc/sys/fs/inotify/max_user_watches").read_text())
    except (OSError, ValueError):
        return Finding(name="file events", ok=True, detail="no limit known on this system")
    wanted = sum(1 for _ in os.walk(tree))
    return Finding(
        name="file events",
        ok=wanted < limit,
        detail=f"{wanted} directories to watch, the kernel allows {limit}",
        mend=f"sysctl fs.inotify.max_user_watches={max(wanted * 2, 524_288)}, or set "
        "reconcile.polling: true. Until then changes are found by scans.",
    )


def _account() -> Finding:
    user = os.geteuid()
    return Finding(
        name="account",
        ok=True,
        warning=user == ROOT,
        detail=f"{'root' if user == ROOT else f'uid {user}'}. Who can write a script's code has "
        "what the server's account has",
        mend="Run the server as an account of its own, with no more rights than the scripts need.",
    )


def _key(settings: Settings) -> Finding:
    key = settings.api_key
    return Finding(
        name="api key",
        ok=True,
        detail="set"
        if key
        else "PYSCHED_DEFAULT_API_KEY is not set: only this machine's command "
        "line can use the server",
    )
