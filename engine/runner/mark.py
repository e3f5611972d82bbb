"""A mark that every process of a run bears and none of them sheds by accident.

A variable in the environment is gone once a daemon clears it, and a session once
it calls setsid. Resource limits are inherited over both, and RLIMIT_RSS has had no
effect since Linux 2.4.30 (getrlimit(2)), so its soft value is free to say whose a
process is: which data directory, and which of its runs. It is set in the runner
around each start, so there is no moment at which a process of a run lacks it.
"""

import resource
from collections.abc import Container
from pathlib import Path

from engine.runner import proc

ENGINE = 0
"""Serial of the engine and the helpers it starts: killed only when their runner is dead."""
_MARK = 1 << 62
_SERIALS = 1 << 24


class Marks:
    """Makes and reads the marks of one data directory."""

    def __init__(self, data: Path) -> None:
        info = data.stat()
        self._data = (info.st_ino * 0x9E3779B1 ^ info.st_dev * 0x85EBCA6B) & 0xFFFFFFFF
        self.variable = f"{self._data:08x}:{data}"
        """Value of PYSCHED_RUNNER in each run, for kernels that keep no such limit."""
        self._own = resource.getrlimit(resource.RLIMIT_RSS)

    def next(self, serial: int, used: Container[int]) -> int:
        """Return the serial after this one that neither the engine nor a live run has."""
        serial = (serial + 1) % _SERIALS
        while serial == ENGINE or serial in used:
            serial = (serial + 1) % _SERIALS
        return serial

    def put(self, serial: int) -> None:
        """Mark this process, so that what it starts next is marked; `remove` it at once after."""
        self._set(_MARK | self._data * _SERIALS | serial)

    def remove(self) -> None:
        self._set(self._own[0])

    def serial(self, pid: int) -> int | None:
        """Return the serial that a process bears, None without a mark of this directory."""
        for line in proc.read(pid, "limits").splitlines():
            if line.startswith(b"Max resident set"):
                value = line.split()[3]
                return self._decode(int(value)) if value.isdigit() else None
        return None

    def ours(self, pid: int) -> bool:
        """Say whether a process was started by a runner on this data directory."""
        return self.serial(pid) is not None or (
            proc.environment(pid, "PYSCHED_RUNNER") == self.variable
        )

    def _decode(self, value: int) -> int | None:
        own = value & _MARK and (value & ~_MARK) // _SERIALS == self._data
        return value % _SERIALS if own else None

    def _set(self, soft: int) -> None:
        hard = self._own[1]
        # Where a hard limit is in force the mark can't be set; session and variable remain.
        if hard == resource.RLIM_INFINITY:
            resource.setrlimit(resource.RLIMIT_RSS, (soft, hard))
