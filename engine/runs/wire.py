"""The bytes of the runner's protocol: operations as lines, lines as events."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import cast

from engine.model.identity import RunId
from engine.ports import (
    RunExited,
    RunnerConnected,
    RunnerEvent,
    RunOutput,
    RunStarted,
    StartRefused,
    StartRequest,
)
from engine.runner import protocol
from engine.runs import reports

_MILLISECOND = timedelta(milliseconds=1)


def encode(operation: protocol.Operation) -> bytes:
    """Return an operation as one line."""
    return json.dumps(operation, separators=(",", ":")).encode("ascii") + b"\n"


def start(request: StartRequest) -> protocol.Start:
    limits = request.limits
    timeout = limits.timeout
    message: protocol.Start = {
        "op": "start",
        "id": request.id,
        "script": request.script,
        "directory": str(request.directory),
        "argv": list(request.argv),
        "cwd": str(request.cwd),
        "env": dict(request.env),
        "timeout_ms": None if timeout is None else max(1, round(timeout / _MILLISECOND)),
        "memory": limits.memory,
        "cpu": limits.cpu,
        "processes": limits.processes,
        "output": limits.output,
        "grace_ms": round(request.stop_grace * 1000),
        "merge": request.merge_output,
    }
    if request.mask:
        message["mask"] = list(request.mask)
    return message


def hello(event: protocol.HelloEvent) -> protocol.HelloEvent:
    """Return the answer to `hello`. Raises ValueError when the runner speaks another version."""
    version = event.get("version")
    if version != protocol.VERSION:
        raise ValueError(
            f"it speaks version {version} of the protocol and this server {protocol.VERSION}. "
            "Stop the older of the two; runs that go on are not lost"
        )
    if not {"pid", "boot", "capabilities"} <= event.keys():
        raise ValueError("its greeting is not complete")
    return event


def connected(event: protocol.ListEvent, boot: str) -> RunnerConnected:
    """Translate the answer to `list`. Raises ValueError when it cannot be read."""
    try:
        live = {RunId(run["id"]): reports.moment(run["started_ns"]) for run in event["live"]}
        ended = [reports.exit_report(report) for report in event["ended"]]
    except (KeyError, TypeError) as error:
        raise ValueError(f"the runner's list cannot be read: {error!r}") from error
    return RunnerConnected(live=live, ended=ended, boot=boot)


def run_event(event: protocol.Event) -> RunnerEvent | None:
    """Translate what happened to runs; None for an event of another or an unknown kind.

    Raises ValueError when an event that should be known cannot be read.
    """
    try:
        return _run_event(event)
    except (KeyError, TypeError) as error:
        raise ValueError(f"event {event['event']} cannot be read: {error!r}") from error


def _run_event(event: protocol.Event) -> RunnerEvent | None:
    match event["event"]:
        case "started":
            at = reports.moment(event["started_ns"])
            return RunStarted(id=RunId(event["id"]), at=at, pid=event["pid"])
        case "refused":
            return StartRefused(id=RunId(event["id"]))
        case "out":
            return RunOutput(sizes={RunId(run): size for run, size in event["sizes"].items()})
        case "exit":
            return RunExited(report=reports.exit_report(event["report"]))
        case _:
            return None


class Lines:
    """Cuts a stream of bytes into events, however the socket happens to split them."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[protocol.Event]:
        """Yield the events that `data` completes. Raises ValueError for a line that is none."""
        self._rest += data
        end = self._rest.rfind(b"\n") + 1
        if not end:
            return
        complete = self._rest[: end - 1].decode()
        del self._rest[:end]
        for line in complete.split("\n"):
            yield _event(line)


def _event(line: str) -> protocol.Event:
    content = json.loads(line)
    if not isinstance(content, dict) or not isinstance(
        cast("dict[str, object]", content).get("event"), str
    ):
        raise ValueError(f"not an event: {line[:200]!r}")
    return cast("protocol.Event", content)
