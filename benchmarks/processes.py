"""What the kernel says of processes: memory and CPU time."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def memory_mb(pids: Iterable[int]) -> float:
    """Return the proportional set size of processes together, in MB (proc(5), smaps_rollup)."""
    return sum(_pss_kb(pid) for pid in pids) * 1024 / 1e6


def _pss_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError(f"the kernel gives no PSS of process {pid}")


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU time that processes have used, all their threads together."""
    return sum(_ticks(pid) for pid in pids) / _TICKS


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def wait_until_idle(pids: Iterable[int], *, seconds: float = 2.0, patience: float = 180.0) -> None:
    """Wait until processes have used next to no CPU time for so many seconds."""
    watched = tuple(pids)
    deadline = time.monotonic() + patience
    while True:
        before = cpu_seconds(watched)
        time.sleep(seconds)
        if cpu_seconds(watched) - before <= 0.02 * seconds:
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"processes {watched} were not idle after {patience:g} s")
