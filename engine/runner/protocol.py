"""The language between engine and runner: JSON lines over a Unix socket, mode 0600.

The runner imports nothing of the engine, and of the runner the engine imports
this module, `frames` and `mask` alone. Output bytes never cross the socket: both sides
use the frame files. One engine is connected at a time; a newer connection
replaces the older one.

Order: on connect the engine sends `hello` and the runner answers `hello`; then
the engine sends `list` and gets one `list` event with all that is live or over
and not acknowledged. Unknown keys are ignored, unknown operations are answered
with an `error` event, so that two neighbouring versions understand each other.

Files in a run's directory, all written by the runner:
    output-*.frames  see `frames`; the first is made with O_EXCL, or comes with the directory by
                     rename (see `spares`), before anything starts and begins with the claim:
                     JSON {"id", "boot"}, then {"pid"} once the process exists
    samples          one line a sample: at_ns cpu_ms memory_bytes processes
    exit.json        ExitReport, by rename, unless the engine acknowledges the `exit` event in time
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NotRequired, TypedDict

from engine.runner.frames import segment_name

VERSION = 1
SOCKET_NAME = "runner.sock"
"""In the data directory; the kernel takes about 100 bytes of its path, hence `reachable`."""
SOCKET_VARIABLE = "PYSCHED_RUNNER_SOCKET"
"""In the environment of an engine that the runner starts: absolute path of the socket."""
LOCK_NAME = "runner.lock"
"""In the data directory; a runner holds it with flock for as long as it lives. Its text is the
runner's pid and, once it is stopping, how: `4711 leave`."""
CLAIM_NAME = segment_name(0)
EXIT_NAME = "exit.json"
SPARES_NAME = "spare"
"""Beside the months of runs: empty directories of archived runs, to be used again."""
SAMPLES_NAME = "samples"
_LONGEST_ADDRESS = 107

OnStop = Literal["drain", "leave", "cancel"]
EndedBy = Literal["timeout", "memory", "processes", "cancel", "shutdown", "spawn"]


class Hello(TypedDict):
    op: Literal["hello"]
    version: int


class Start(TypedDict):
    """Idempotent by id: a second one is answered with `refused`."""

    op: Literal["start"]
    id: str
    script: str
    directory: str
    """Absolute; created by the runner when it is missing."""
    argv: list[str]
    cwd: str
    env: dict[str, str]
    """The whole environment; PYSCHED_RUN_ID in it marks the run's processes."""
    timeout_ms: int | None
    memory: int | None
    """Bytes of the whole process tree."""
    cpu: float | None
    """Cores of the whole process tree."""
    processes: int | None
    output: int | None
    """Bytes of output that are kept."""
    grace_ms: int
    merge: bool
    mask: NotRequired[list[str]]
    """What is hidden in both streams, each as UTF-8; see `mask`."""


class Kill(TypedDict):
    op: Literal["kill"]
    id: str
    reason: str


class List(TypedDict):
    op: Literal["list"]


class Acknowledge(TypedDict):
    op: Literal["ack"]
    ids: list[str]


class Stop(TypedDict):
    """End the runner: `cancel` ends all runs first, `leave` goes once the last one is over."""

    op: Literal["stop"]
    mode: Literal["leave", "cancel"]


Operation = Hello | Start | Kill | List | Acknowledge | Stop


class ExitReport(TypedDict):
    """Content of `exit.json`."""

    version: int
    id: str
    script: str
    pid: int | None
    started_ns: int | None
    """Wall clock; None when it could not be started."""
    finished_ns: int
    duration_ms: int
    """Monotonic."""
    exit_code: int | None
    """Negative for a signal."""
    ended_by: EndedBy | None
    detail: str
    cpu_ms: int
    peak_memory: int
    """Bytes, the larger of the sampled tree and the main process's own ru_maxrss."""
    peak_processes: int
    output_bytes: int
    output_cut: int
    survivors: int
    """Processes that were killed after the main process had ended."""


class HelloEvent(TypedDict):
    event: Literal["hello"]
    version: int
    pid: int
    boot: str
    """Identifies this boot of the machine, so that a claim of an earlier one is recognised."""
    capabilities: dict[str, str]
    """How each limit is enforced here, such as {"memory": "sampled"}."""
    masks: NotRequired[bool]
    """Whether `mask` of a start is understood; an older runner would let secrets be seen."""


class ListEvent(TypedDict):
    event: Literal["list"]
    live: list["LiveRun"]
    ended: list[ExitReport]


class LiveRun(TypedDict):
    id: str
    pid: int
    started_ns: int
    output_bytes: int


class StartedEvent(TypedDict):
    event: Literal["started"]
    id: str
    pid: int
    started_ns: int


class RefusedEvent(TypedDict):
    """The claim was there already."""

    event: Literal["refused"]
    id: str


class OutEvent(TypedDict):
    """Runs that wrote more since the last such event, gathered for at most 5 ms."""

    event: Literal["out"]
    sizes: dict[str, int]
    """Bytes of output seen so far."""


class ExitEvent(TypedDict):
    event: Literal["exit"]
    report: ExitReport


class ErrorEvent(TypedDict):
    event: Literal["error"]
    message: str
    id: NotRequired[str]
    """Of a start that was not even claimed: it may be asked for again."""


Event = HelloEvent | ListEvent | StartedEvent | RefusedEvent | OutEvent | ExitEvent | ErrorEvent


@contextmanager
def reachable(path: Path) -> Generator[str]:
    """Give an address for bind or connect, however long the socket's path is.

    The kernel takes 107 bytes (unix(7)); a longer path goes through a file
    descriptor of its directory, which is open inside the block only.
    """
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield os.fspath(path)
        return
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
