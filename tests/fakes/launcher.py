"""A Launcher without processes: a test says when a run ends and when the runner dies.

It keeps the promises of the real one that a caller can notice: a start is idempotent by
run id, an answer never comes before the call that asks for it has returned, what ended
is listed until it is acknowledged, and without a connection every request is refused.
"""

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from datetime import datetime

from engine.errors import Unavailable
from engine.model.identity import RunId
from engine.ports import (
    ExitReport,
    RunExited,
    RunnerConnected,
    RunnerEvent,
    RunnerLost,
    RunOutput,
    RunStarted,
    StartRefused,
    StartRequest,
)
from engine.runner import frames, protocol
from tests.fakes.clock import FakeClock


class FakeLauncher:
    """With `writes_files`, it leaves claim, output and exit.json as the runner does."""

    def __init__(
        self, clock: FakeClock, *, connected: bool = True, writes_files: bool = False
    ) -> None:
        self.clock = clock
        self.requests: dict[RunId, StartRequest] = {}
        """Every start that was claimed."""
        self.live: dict[RunId, datetime] = {}
        self.ended: dict[RunId, ExitReport] = {}
        self.cancelled: dict[RunId, str] = {}
        """Cancel reasons of live runs; the test ends them, or `obeys_cancel` does at once."""
        self.obeys_cancel = True
        self.boot = "boot-1"
        self._writes_files = writes_files
        self._connected = connected
        self._listing = False
        self._receivers: list[Callable[[RunnerEvent], None]] = []
        self._answers: list[RunnerEvent] = []
        self._sizes: dict[RunId, int] = {}

    # What the engine uses.

    def subscribe(self, receive: Callable[[RunnerEvent], None]) -> None:
        self._receivers.append(receive)

    def start(self, request: StartRequest) -> None:
        self._require_connection()
        if self._listing:
            raise Unavailable("the runner is being asked what it knows")
        if self._claimed(request):
            self._answer(StartRefused(id=request.id))
            return
        self.requests[request.id] = request
        self.live[request.id] = self.clock.now()
        self._claim(request)
        self._answer(RunStarted(id=request.id, at=self.clock.now(), pid=4000 + len(self.requests)))

    def cancel(self, run_id: RunId, reason: str) -> None:
        self._require_connection()
        if run_id not in self.live:
            return
        self.cancelled[run_id] = reason
        if self.obeys_cancel:
            self._answer(RunExited(report=self._end(run_id, -15, "cancel", reason)))

    def refresh(self) -> None:
        self._require_connection()
        self._listing = True
        self._answer(self._list())

    def acknowledge(self, run_ids: Sequence[RunId]) -> None:
        if self._connected:
            for run_id in run_ids:
                self.ended.pop(run_id, None)

    # What a test does.

    def deliver(self) -> None:
        """Give out the answers to what was asked; on an event loop it happens by itself."""
        while self._answers:
            self._tell(self._answers.pop(0))

    def finish(
        self,
        run_id: RunId,
        exit_code: int | None = 0,
        *,
        ended_by: str | None = None,
        detail: str = "",
        peak_memory_bytes: int = 11_000_000,
    ) -> ExitReport:
        """End a live run as its script or a limit would; told if the connection stands."""
        report = self._end(run_id, exit_code, ended_by, detail, peak_memory_bytes)
        self._answer_now(RunExited(report=report))
        return report

    def write(self, run_id: RunId, data: bytes, stream: int = frames.STDOUT) -> None:
        """Let a live run write output."""
        offset = self._sizes.get(run_id, 0)
        self._sizes[run_id] = offset + len(data)
        if self._writes_files:
            frame = frames.Frame(offset, _ns(self.clock.now()), stream, data)
            path = self.requests[run_id].directory / frames.segment_name(offset)
            with path.open("ab") as file:
                file.write(frames.pack([frame]))
        self._answer_now(RunOutput(sizes={run_id: self._sizes[run_id]}))

    def disconnect(self) -> None:
        """Break the connection; runs go on, answers under way are lost."""
        self._answers.clear()
        if self._connected:
            self._connected = False
            self._tell(RunnerLost())

    def lose_engine(self) -> None:
        """Have nobody to tell, as when the engine is killed; runs go on."""
        self._receivers.clear()
        self._answers.clear()
        self._listing = False

    def crash(self) -> None:
        """Kill the runner and with it its runs; only what is on disk is left of them."""
        self.live.clear()
        self.ended.clear()
        self.disconnect()

    def reconnect(self) -> None:
        """Connect, to the runner that is there or to one that was started anew."""
        self._connected = True
        self._tell(self._list())

    def _list(self) -> RunnerConnected:
        ended = list(self.ended.values())
        return RunnerConnected(live=dict(self.live), ended=ended, boot=self.boot)

    def _require_connection(self) -> None:
        if not self._connected:
            raise Unavailable("the runner is not connected")

    def _answer(self, event: RunnerEvent) -> None:
        self._answers.append(event)
        try:
            asyncio.get_running_loop().call_soon(self.deliver)
        except RuntimeError:
            return  # Without a loop, the test calls `deliver`.

    def _answer_now(self, event: RunnerEvent) -> None:
        if self._connected:
            self._answers.append(event)
            self.deliver()

    def _tell(self, event: RunnerEvent) -> None:
        if isinstance(event, RunnerConnected | RunnerLost):
            self._listing = False
        for receive in tuple(self._receivers):
            receive(event)

    def _end(
        self,
        run_id: RunId,
        exit_code: int | None,
        ended_by: str | None,
        detail: str,
        peak_memory_bytes: int = 11_000_000,
    ) -> ExitReport:
        started, now = self.live.pop(run_id), self.clock.now()
        report = ExitReport(
            id=run_id,
            started_at=None if ended_by == "spawn" else started,
            finished_at=now,
            duration_ms=round((now - started).total_seconds() * 1000),
            exit_code=exit_code,
            ended_by=ended_by,
            detail=detail,
            cpu_ms=5,
            peak_memory_bytes=peak_memory_bytes,
            output_bytes=self._sizes.get(run_id, 0),
            output_cut=0,
        )
        self.ended[run_id] = report
        self._write_report(report)
        return report

    def _claimed(self, request: StartRequest) -> bool:
        on_disk = self._writes_files and (request.directory / protocol.CLAIM_NAME).exists()
        return on_disk or request.id in self.requests

    def _claim(self, request: StartRequest) -> None:
        if self._writes_files:
            request.directory.mkdir(parents=True, exist_ok=True)
            claim = {"id": request.id, "boot": self.boot, "pid": 1}
            content = frames.claim_frame(claim, _ns(self.clock.now()))
            (request.directory / protocol.CLAIM_NAME).write_bytes(content)

    def _write_report(self, report: ExitReport) -> None:
        if not self._writes_files:
            return
        request = self.requests[report.id]
        content = wire_report(report, request.script)
        part = request.directory / (protocol.EXIT_NAME + ".part")
        part.write_text(json.dumps(content))
        os.replace(part, request.directory / protocol.EXIT_NAME)  # noqa: PTH105


def wire_report(report: ExitReport, script: str = "a") -> protocol.ExitReport:
    """Return a report as the runner would write it."""
    return {
        "version": protocol.VERSION,
        "id": report.id,
        "script": script,
        "pid": 1,
        "started_ns": None if report.started_at is None else _ns(report.started_at),
        "finished_ns": _ns(report.finished_at),
        "duration_ms": report.duration_ms,
        "exit_code": report.exit_code,
        "ended_by": report.ended_by,  # type: ignore[typeddict-item]
        "detail": report.detail,
        "cpu_ms": report.cpu_ms,
        "peak_memory": report.peak_memory_bytes,
        "peak_processes": 1,
        "output_bytes": report.output_bytes,
        "output_cut": report.output_cut,
        "survivors": 0,
    }


def _ns(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000) * 1000
