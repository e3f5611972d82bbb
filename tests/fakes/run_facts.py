"""Runs, scripts and reports with only the facts a test names."""

from datetime import UTC, datetime, timedelta
from typing import Any

from engine.model.environment import EnvironmentRequest
from engine.model.identity import RunId, ScriptId
from engine.model.run import Cause, Run, RunStatus
from engine.model.script import Script
from engine.ports import ExitReport

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def a_run(run_id: str = "20260501T120000-aa", **facts: Any) -> Run:
    known: dict[str, Any] = {
        "script": ScriptId("etl/load"),
        "status": RunStatus.QUEUED,
        "cause": Cause.MANUAL,
        "queued_at": NOON,
    }
    return Run(id=RunId(run_id), **(known | facts))


def a_script(**facts: Any) -> Script:
    known: dict[str, Any] = {
        "id": ScriptId("etl/load"),
        "name": "Load",
        "main": "load.py",
        "environment": EnvironmentRequest(),
    }
    return Script(**(known | facts))


def a_report(run_id: str = "20260501T120000-aa", **facts: Any) -> ExitReport:
    known: dict[str, Any] = {
        "started_at": NOON,
        "finished_at": NOON + timedelta(seconds=3),
        "duration_ms": 3000,
        "exit_code": 0,
        "ended_by": None,
        "detail": "",
        "cpu_ms": 40,
        "peak_memory_bytes": 12_000_000,
        "output_bytes": 10,
        "output_cut": 0,
    }
    return ExitReport(id=RunId(run_id), **(known | facts))
