"""What a process uses of the machine, from Linux's /proc (see proc_pid_stat(5))."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from engine.model.observation import ProcessUse

_TICK: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")

# Fields of stat behind the name, which is in parentheses and may hold anything.
_USER, _SYSTEM, _STARTED, _RESIDENT = 11, 12, 19, 21


def process_use(pid: int, proc: Path = Path("/proc")) -> ProcessUse | None:
    """Return what a process uses; None when it is gone or not ours to look at."""
    try:
        fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
        open_files = sum(1 for _ in (proc / str(pid) / "fd").iterdir())
        booted = _boot(proc)
    except OSError:
        return None
    return ProcessUse(
        memory_bytes=int(fields[_RESIDENT]) * _PAGE,
        cpu_seconds=(int(fields[_USER]) + int(fields[_SYSTEM])) / _TICK,
        open_files=open_files,
        started=datetime.fromtimestamp(booted + int(fields[_STARTED]) / _TICK, UTC),
    )


def _boot(proc: Path) -> int:
    lines = (proc / "stat").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("btime "))
