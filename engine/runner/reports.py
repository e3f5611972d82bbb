"""Reports of runs that are over: told at once, and kept until the engine has them on record.

An engine that listens commits the end durably and acknowledges it within milliseconds, so
its `exit.json` would be written to be removed. It is written when nobody listens, when the
acknowledgement is late, and before this process ends; what is due together as one batch,
for the sake of the disk.
"""

import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from engine.runner.failpoint import failpoint
from engine.runner.files import write_reports
from engine.runner.loop import Loop, Timer
from engine.runner.output import Peer
from engine.runner.protocol import ExitReport
from engine.runner.say import say

_PATIENCE = 0.25
"""Seconds from the telling of an end until it is written without an acknowledgement."""


class _Unwritten(NamedTuple):
    due: float
    directory: Path


class Reports:
    """`on_end` is called after each end."""

    def __init__(self, loop: Loop, peer: Peer, on_end: Callable[[], None]) -> None:
        self._loop = loop
        self._peer = peer
        self._on_end = on_end
        self._ended: dict[str, ExitReport] = {}
        self._unwritten: dict[str, _Unwritten] = {}
        self._timer = Timer(0.0, None)

    def add(self, directory: Path, report: ExitReport) -> None:
        """Tell a report, and have it written if it is not acknowledged in time."""
        failpoint("before_report")
        name = report["id"]
        due = time.monotonic() + (_PATIENCE if self._peer.connected else 0.0)
        self._ended[name] = report
        self._unwritten[name] = _Unwritten(due, directory)
        if self._timer.call is None:
            self._timer = self._loop.call_at(due, self._write_due)
        self._peer.emit({"event": "exit", "report": report})
        self._on_end()

    def all(self) -> list[ExitReport]:
        """Return those that were told and are not acknowledged."""
        return list(self._ended.values())

    def acknowledge(self, ids: Iterable[str]) -> None:
        for each in ids:
            self._ended.pop(each, None)
            self._unwritten.pop(each, None)

    def settle(self) -> None:
        """Write now what is not acknowledged, for the one who was told may be gone."""
        self._timer.cancel()
        self._write(list(self._unwritten))

    def _write_due(self) -> None:
        now = time.monotonic()
        self._write([name for name, each in self._unwritten.items() if each.due <= now])
        first = min((each.due for each in self._unwritten.values()), default=math.inf)
        if first < math.inf:
            self._timer = self._loop.call_at(first, self._write_due)

    def _write(self, names: Iterable[str]) -> None:
        batch = {self._unwritten.pop(name).directory: name for name in names}
        errors = write_reports({path: self._ended[name] for path, name in batch.items()})
        for directory, error in errors.items():
            say(f"the report of a run's end could not be written: {error}")
            # Tried once more before this process ends, when the disk may have room.
            self._unwritten[batch[directory]] = _Unwritten(math.inf, directory)
