"""Turn the runner's JSON into the engine's words."""

from datetime import UTC, datetime, timedelta
from typing import cast

from engine.model.identity import RunId
from engine.ports import ExitReport
from engine.runner import protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(ns: int) -> datetime:
    """Return the UTC time of nanoseconds since 1970, to the microsecond."""
    return _EPOCH + timedelta(microseconds=ns // 1000)


def exit_report(content: object) -> ExitReport:
    """Read the content of `exit.json` or of an `exit` event.

    Raises ValueError when what an end cannot be told without is missing or of another type.
    """
    if not isinstance(content, dict):
        raise ValueError("an exit report is not a JSON object")
    report = cast("protocol.ExitReport", content)
    try:
        return _exit_report(report)
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"an exit report cannot be read: {error!r}") from error


def _exit_report(report: protocol.ExitReport) -> ExitReport:
    began = report["started_ns"]
    return ExitReport(
        id=RunId(report["id"]),
        started_at=None if began is None else moment(began),
        finished_at=moment(report["finished_ns"]),
        duration_ms=report["duration_ms"],
        exit_code=report["exit_code"],
        ended_by=report["ended_by"],
        detail=report["detail"],
        cpu_ms=report["cpu_ms"],
        peak_memory_bytes=report["peak_memory"],
        output_bytes=report["output_bytes"],
        output_cut=report["output_cut"],
    )
