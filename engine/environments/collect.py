"""Delete environments that are no longer needed, and what was kept on their behalf."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine.environments.built import discard, heal, last_used, read_ready, read_records
from engine.environments.layout import Layout
from engine.environments.mutex import exclusively_now
from engine.model.identity import EnvironmentKey

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What was removed, and the bytes that are free again (files shared by links are not)."""

    removed: tuple[EnvironmentKey, ...] = ()
    bytes: int = 0


def collect(
    layout: Layout, unused: Collection[EnvironmentKey], *, older_than: datetime
) -> Collected:
    """Delete environments; locks and logs that belong to none and are older go as well."""
    removed: list[EnvironmentKey] = []
    freed = 0
    for key in unused:
        with exclusively_now(layout.mutex(key)) as free:
            if free and not _used_since(layout, key, older_than):
                freed += discard(layout, layout.environment(key))
                removed.append(key)
    heal(layout)
    freed += _drop_leftovers(layout, older_than)
    return Collected(removed=tuple(removed), bytes=freed)


def _used_since(layout: Layout, key: EnvironmentKey, moment: datetime) -> bool:
    # Looked at again under the lock: a builder, also of another process, that found
    # the environment there for a new request has marked it as used.
    built = read_ready(layout, key)
    return built is not None and last_used(layout, built) > moment


def _drop_leftovers(layout: Layout, older_than: datetime) -> int:
    there = set(layout.names())
    locks: set[Path] = set()
    logs: set[Path] = set()
    for record in read_records(layout):
        if record.key in there:
            locks.add(layout.lock(record.resolution))
            logs.add(layout.log(record.request))
        else:
            layout.record(record.request).unlink(missing_ok=True)
    return _drop_old(layout.locks.iterdir(), locks, older_than) + _drop_old(
        layout.logs.iterdir(), logs, older_than
    )


def _drop_old(paths: Iterable[Path], needed: Collection[Path], older_than: datetime) -> int:
    freed = 0
    for path in paths:
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue  # Another process has collected it.
        if path not in needed and datetime.fromtimestamp(stat.st_mtime, UTC) < older_than:
            path.unlink(missing_ok=True)
            freed += stat.st_size
    return freed
