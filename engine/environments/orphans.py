"""End the build commands of a builder that was killed.

`kill -9` of the server frees its locks at once, while the uv that it started
goes on writing. Each command carries the name of its builder in its
environment, so the next builder finds it and ends it before it touches the
same directory.
"""

import os
from pathlib import Path

from engine import host

VARIABLE = "PYSCHED_BUILDER"
WAIT_SECONDS = 5.0


def mark(data: Path) -> dict[str, str]:
    """Return what a command of this process has in its environment."""
    return {VARIABLE: f"{host.identity(os.getpid())} {data}"}


def end_orphans(data: Path) -> None:
    """Kill commands for this data directory whose builder is gone; takes some milliseconds."""
    for process in host.processes_with(VARIABLE):
        builder, _, directory = process.value.partition(" ")
        pid = builder.partition(":")[0]
        if directory == str(data) and pid.isdigit() and host.identity(int(pid)) != builder:
            host.kill(process.pid, wait=WAIT_SECONDS)
