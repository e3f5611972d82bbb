"""Runs, scripts and notices, for tests of what people are told."""

from datetime import timedelta
from typing import Any

from engine.model.identity import RunId, ScriptId
from engine.model.notice import Notice, NoticeKind
from engine.model.run import Cause, Run, RunStatus
from engine.model.script import Notify, Script
from tests.fakes.clock import START
from tests.fakes.world import a_script

ALL = ("success", "failure", "recovery", "missed", "long_running")


def an_end(number: int = 1, status: RunStatus = RunStatus.FAILED, **fields: Any) -> Run:
    """A run of `etl/load` that ended `number` minutes after the start of the clock."""
    at = START + timedelta(minutes=number)
    values: dict[str, Any] = {
        "id": RunId(f"20261124T09{number:02}00-{number:012x}"),
        "script": ScriptId("etl/load"),
        "cause": Cause.SCHEDULE,
        "queued_at": at - timedelta(seconds=10),
        "started_at": at - timedelta(seconds=9),
        "finished_at": at,
        "duration_ms": 9_000,
    }
    return Run(**{**values, **fields}, status=status)


def telling(*when: str, to: tuple[str, ...] = ("ops@example.com",), **fields: Any) -> Script:
    """The script `etl/load`, which has `notify`."""
    fields.setdefault("script_id", "etl/load")
    fields.setdefault("name", "Load")
    return a_script(notify=Notify(when=when or ALL, to=to), **fields)


def a_notice(notice_id: str = "n1", **fields: Any) -> Notice:
    values: dict[str, Any] = {
        "kind": NoticeKind.FAILURE,
        "script": ScriptId("etl/load"),
        "run": RunId("20261124T090100-000000000001"),
        "at": START,
        "subject": "[pysched] Load failed: exit 3",
        "text": "Load failed: exit 3\n",
    }
    return Notice(**{**values, **fields}, id=notice_id)
