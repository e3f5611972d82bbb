"""Figures of the machine and its processes; the only importer of psutil."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes of the whole machine; a container's own limit is not seen here."""

    total: int
    available: int
    """What can be had without swapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSpace:
    """Bytes of the file system a path is on."""

    total: int
    free: int
    """What an ordinary user may still write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedProcess:
    """A process that carries an environment variable we are looking for."""

    pid: int
    value: str


def memory() -> Memory:
    figures = psutil.virtual_memory()
    return Memory(total=figures.total, available=figures.available)


def disk_space(path: Path) -> DiskSpace:
    """Return the space where `path` is. Raises OSError when it does not exist."""
    figures = psutil.disk_usage(str(path))
    return DiskSpace(total=figures.total, free=figures.free)


def cpu_count() -> int:
    """Return the processors this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return psutil.cpu_count() or 1


def identity(pid: int) -> str | None:
    """Name a live process so that a later one with the same number is told apart.

    None when there is no such process, or only its unreaped remains.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return f"{pid}:{_start_ticks(pid) or process.create_time()}"
    except psutil.NoSuchProcess:
        return None


def _start_ticks(pid: int) -> str | None:
    # Counted from boot (proc(5), field 22). psutil's own figure is wall-clock time and
    # moves when the clock is set, which would make a live process look like another.
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()[19]


def processes_with(variable: str) -> Iterator[MarkedProcess]:
    """Find the processes of this account that were started with an environment variable."""
    for process in psutil.process_iter():
        try:
            value = process.environ().get(variable)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if value is not None:
            yield MarkedProcess(pid=process.pid, value=value)


def kill(pid: int, *, wait: float) -> None:
    """Kill a process and wait up to `wait` seconds for it to be gone."""
    try:
        process = psutil.Process(pid)
        process.kill()
        process.wait(wait)
    except (psutil.NoSuchProcess, psutil.TimeoutExpired):
        return
