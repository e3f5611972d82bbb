"""What /proc says about processes: one raw pass, and closer looks at single ones.

One pass over `/proc/*/stat` costs about 12 µs a process, a hundredth of walking
children process by process; see proc(5) for the fields.
"""

import os
from typing import NamedTuple

PAGE = os.sysconf("SC_PAGE_SIZE")
TICK_MS = 1000 // os.sysconf("SC_CLK_TCK")
_USUAL = 1 << 12
_MOST = 1 << 20


class Process(NamedTuple):
    pid: int
    parent: int
    session: int
    state: str
    started: int
    """Ticks since boot; with the pid it names a process for good."""
    ticks: int
    """CPU time of its own and of the children it waited for."""
    memory: int
    """Resident bytes."""

    @property
    def dead(self) -> bool:
        return self.state in "ZX"


def parse_stat(data: bytes) -> Process:
    """Read one line of `/proc/PID/stat`; the name in it may hold blanks and brackets."""
    pid = int(data[: data.index(b" ")])
    field = data[data.rindex(b")") + 2 :].split()
    return Process(
        pid=pid,
        parent=int(field[1]),
        session=int(field[3]),
        state=field[0].decode(),
        started=int(field[19]),
        ticks=sum(map(int, field[11:15])),
        memory=int(field[21]) * PAGE,
    )


def scan() -> dict[int, Process]:
    """Return all processes of the machine that can be seen, by pid."""
    found: dict[int, Process] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - the hot path
        if name.isdigit() and (process := look(int(name))):
            found[process.pid] = process
    return found


def look(pid: int) -> Process | None:
    """Return one process, None when it is gone."""
    data = read(pid, "stat")
    return parse_stat(data) if data else None


def read(pid: int, name: str, most: int = _MOST) -> bytes:
    """Return the start of a file of a process; empty when it is gone or not for us to see."""
    try:
        fd = os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return _content(fd, most)
    except OSError:
        return b""
    finally:
        os.close(fd)


def _content(fd: int, most: int) -> bytes:
    # A large buffer at once is mapped and unmapped again, which costs more than the read.
    data = os.read(fd, _USUAL)
    return data + os.read(fd, most - _USUAL) if len(data) == _USUAL else data


def environment(pid: int, name: str) -> str | None:
    """Return a variable of the environment that a process was started with."""
    start = name.encode() + b"="
    for entry in read(pid, "environ").split(b"\0"):
        if entry.startswith(start):
            return os.fsdecode(entry[len(start) :])
    return None


def proportional_memory(pid: int) -> int | None:
    """Return resident bytes with shared pages divided among their users; None if not to be had."""
    for line in read(pid, "smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return None


def has_other_children(known: set[int]) -> bool:
    """Say whether this process has children besides the known; True where the kernel can't tell."""
    try:
        fd = os.open("/proc/thread-self/children", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        return any(int(pid) not in known for pid in _content(fd, _MOST).split())
    finally:
        os.close(fd)


def boot_id() -> str:
    """Return what identifies this boot of the machine."""
    fd = os.open("/proc/sys/kernel/random/boot_id", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 64).decode().strip()
    finally:
        os.close(fd)
