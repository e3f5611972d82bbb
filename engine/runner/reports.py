"""Reports of runs that are over: written first, then told, then kept until acknowledged.

Runs that end together are written as one batch, for the sake of the disk. An engine that
listens is told before the disk has it: it puts the end on record, durably, meanwhile.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from engine.runner.failpoint import failpoint
from engine.runner.files import sync_reports, write_reports
from engine.runner.loop import Loop
from engine.runner.output import Peer
from engine.runner.protocol import ExitReport
from engine.runner.say import say


class Reports:
    """`on_end` is called after each batch."""

    def __init__(self, loop: Loop, peer: Peer, on_end: Callable[[], None]) -> None:
        self._loop = loop
        self._peer = peer
        self._on_end = on_end
        self._ended: dict[str, ExitReport] = {}
        self._waiting: list[tuple[Path, ExitReport]] = []

    @property
    def waiting(self) -> bool:
        """Whether some are still to be written."""
        return bool(self._waiting)

    def add(self, directory: Path, report: ExitReport) -> None:
        """Write and tell a report at the end of this round of the loop."""
        if not self._waiting:
            self._loop.call_in(0, self.settle)
        self._waiting.append((directory, report))

    def all(self) -> list[ExitReport]:
        """Return those that were told and are not acknowledged."""
        return list(self._ended.values())

    def acknowledge(self, ids: Iterable[str]) -> None:
        for each in ids:
            self._ended.pop(each, None)

    def settle(self) -> None:
        """Write and tell now what was added."""
        if not self._waiting:
            return
        failpoint("before_exit_json")
        waiting, self._waiting = self._waiting, []
        files, errors = write_reports(waiting)
        for _, report in waiting:
            self._ended[report["id"]] = report
            self._peer.emit({"event": "exit", "report": report})
        for error in (*errors, *sync_reports(files)):
            say(f"the report of a run's end could not be written: {error}")
        self._on_end()
