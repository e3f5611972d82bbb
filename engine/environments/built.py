"""What is built, as it is on disk: the mark of a ready environment, and who it answers.

A directory without its mark is a build that was killed. It is never used, and
removed as soon as no builder holds its lock.
"""

import json
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from stat import S_ISREG

from engine.environments.files import read_json, write_file
from engine.environments.layout import LOCK, READY, USED, Layout
from engine.environments.mutex import exclusively_now
from engine.environments.orphans import end_orphans
from engine.model.environment import Environment, EnvironmentRequest
from engine.model.identity import EnvironmentKey

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Tells whether the Python below an environment is still the file it was built with."""

    mtime_ns: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A ready environment and what it was made of."""

    environment: Environment
    base: str
    """The installed Python it was made of."""
    fingerprint: Fingerprint
    built_at: datetime
    size: int
    """Bytes of its files, shared ones included."""


def fingerprint(layout: Layout, key: EnvironmentKey) -> Fingerprint | None:
    """Look at the Python of an environment through its link; None when it is gone."""
    try:
        stat = layout.interpreter(key).stat()
    except OSError:
        return None
    return Fingerprint(mtime_ns=stat.st_mtime_ns, size=stat.st_size)


def mark_ready(layout: Layout, built: Built) -> None:
    """Declare an environment usable; everything else of it must be on disk before."""
    environment = built.environment
    fields = {
        "python": environment.python,
        "lock": environment.lock,
        "base": built.base,
        "fingerprint": asdict(built.fingerprint),
        "built_at": built.built_at.isoformat(),
        "size": built.size,
    }
    path = layout.environment(environment.key) / READY
    write_file(path, json.dumps(fields, indent=1) + "\n")


def read_ready(layout: Layout, key: EnvironmentKey) -> Built | None:
    """Return a ready environment; None when it has no mark, or one that cannot be read."""
    fields = read_json(layout.environment(key) / READY)
    if fields is None:
        return None
    try:
        return Built(
            environment=Environment(
                key=key,
                interpreter=str(layout.interpreter(key)),
                python=str(fields["python"]),
                lock=str(fields["lock"]),
            ),
            base=str(fields["base"]),
            fingerprint=Fingerprint(**fields["fingerprint"]),
            built_at=datetime.fromisoformat(fields["built_at"]),
            size=int(fields["size"]),
        )
    except (KeyError, TypeError, ValueError):
        logger.warning("the mark of an environment cannot be read", extra={"key": key})
        return None


def read_lock(layout: Layout, key: EnvironmentKey) -> str:
    """Return the lock an environment was installed from. Raises OSError when it is gone."""
    return (layout.environment(key) / LOCK).read_text(encoding="utf-8")


def last_used(layout: Layout, built: Built) -> datetime:
    """Return when an environment was last marked as used, at the earliest when it was built."""
    try:
        seconds = (layout.environment(built.environment.key) / USED).stat().st_mtime
    except FileNotFoundError:
        return built.built_at
    return max(built.built_at, datetime.fromtimestamp(seconds, UTC))


def mark_used(layout: Layout, key: EnvironmentKey, now: datetime) -> None:
    path = layout.environment(key) / USED
    path.touch(exist_ok=True)
    os.utime(path, (now.timestamp(), now.timestamp()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Which environment answers a request."""

    request: EnvironmentRequest
    key: EnvironmentKey
    resolution: str
    """Name of the lock file that was used."""


def write_record(layout: Layout, record: Record) -> None:
    fields = {
        "python": record.request.python,
        "requirements": record.request.requirements,
        "key": record.key,
        "resolution": record.resolution,
    }
    write_file(layout.record(record.request), json.dumps(fields, indent=1) + "\n")


def read_records(layout: Layout) -> Iterator[Record]:
    """Give what is known of requests; what cannot be read is resolved anew when asked for."""
    for path in sorted(layout.requests.glob("*.json")):
        fields = read_json(path)
        if fields is None:
            continue
        try:
            yield Record(
                request=EnvironmentRequest(fields["python"], fields["requirements"]),
                key=EnvironmentKey(fields["key"]),
                resolution=fields["resolution"],
            )
        except KeyError:
            logger.warning("a record cannot be read", extra={"path": str(path)})


def discard(layout: Layout, path: Path) -> int:
    """Remove a directory in one step; returns the bytes that are free again."""
    aside = layout.trash / f"{path.name}.{token_hex(4)}"
    try:
        path.rename(aside)
    except FileNotFoundError:
        return 0
    _, freed = measure(aside)
    shutil.rmtree(aside, ignore_errors=True)
    return freed


def measure(directory: Path) -> tuple[int, int]:
    """Return the bytes of all files, and of those that no other environment shares."""
    size = own = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                stat = os.lstat(f"{folder}/{name}")
            except FileNotFoundError:
                continue  # A byte code file that is being replaced.
            if S_ISREG(stat.st_mode):
                size += stat.st_size
                own += stat.st_size * (stat.st_nlink == 1)
    return size, own


def heal(layout: Layout) -> None:
    """Remove what killed builds and deletions left behind; other builders are left alone."""
    for key in tuple(layout.names()):
        if read_ready(layout, key) is not None:
            continue
        with exclusively_now(layout.mutex(key)) as free:
            if free and read_ready(layout, key) is None:
                logger.info("an unfinished environment is removed", extra={"key": key})
                end_orphans(layout.data)
                discard(layout, layout.environment(key))
    for left in layout.trash.iterdir():
        shutil.rmtree(left, ignore_errors=True)
    for mutex in layout.mutexes.iterdir():
        with exclusively_now(mutex) as free:  # Being released removes it.
            if free:
                shutil.rmtree(layout.works / mutex.name, ignore_errors=True)
