"""Builders of the model's words, so that a test names only the facts that matter to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.model.environment import EnvironmentRequest, EnvironmentState
from engine.model.identity import RunId, ScriptId, TriggerKey
from engine.model.run import Cause, Run, RunStatus
from engine.model.script import Script
from engine.model.tree import Entry, Problem, Tree
from engine.model.trigger import (
    AfterTrigger,
    CronTrigger,
    EveryTrigger,
    FilesTrigger,
    StartupTrigger,
    Trigger,
    UrlTrigger,
)
from engine.ports import InForce
from engine.reconcile.observed import Observed


def at(text: str) -> datetime:
    """Read `2026-05-01 09:30` as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def cron(expression: str, **fields: Any) -> CronTrigger:
    values: dict[str, Any] = {"key": TriggerKey(f"cron:{expression}"), "timezone": "UTC"}
    return CronTrigger(**{**values, **fields}, expression=expression)


def every(seconds: float, **fields: Any) -> EveryTrigger:
    key = TriggerKey(f"every:{seconds:g}")
    return EveryTrigger(**{"key": key, **fields}, interval=timedelta(seconds=seconds))


def after(script: str, **fields: Any) -> AfterTrigger:
    return AfterTrigger(**{"key": TriggerKey(f"after:{script}"), **fields}, script=ScriptId(script))


def files(pattern: str, **fields: Any) -> FilesTrigger:
    return FilesTrigger(**{"key": TriggerKey(f"files:{pattern}"), **fields}, pattern=pattern)


STARTUP = StartupTrigger(key=TriggerKey("startup"))
URL = UrlTrigger(key=TriggerKey("url"))


def a_script(*triggers: Trigger, script_id: str = "reports/daily", **fields: Any) -> Script:
    values: dict[str, Any] = {
        "name": "Daily",
        "main": "daily.py",
        "environment": EnvironmentRequest(),
    }
    return Script(**{**values, **fields}, id=ScriptId(script_id), triggers=triggers)


def an_entry(script: Script, *, digest: str = "d1") -> Entry:
    return Entry(id=script.id, signature=f"s-{digest}", digest=digest, script=script)


def a_broken_entry(script_id: str = "reports/daily", *, digest: str = "broken") -> Entry:
    problem = Problem(
        path=f"{script_id}/script.yaml", line=3, code="unknown_key", message="no such key"
    )
    return Entry(
        id=ScriptId(script_id),
        signature=f"s-{digest}",
        digest=digest,
        script=None,
        problems=(problem,),
    )


def a_tree(*entries: Entry) -> Tree:
    return Tree(entries={entry.id: entry for entry in sorted(entries, key=lambda e: e.id)})


def applied(script: Script, *, last_due: str | None = None, **fields: Any) -> InForce:
    """Return the script as it is in force, all its triggers settled up to `last_due`."""
    marks = {trigger.key: at(last_due) for trigger in script.triggers} if last_due else {}
    entry = an_entry(script)
    values: dict[str, Any] = {"last_due": marks}
    return InForce(
        **{**values, **fields},
        id=script.id,
        signature=entry.signature,
        digest=entry.digest,
        script=script,
    )


def observed(in_force: InForce | None = None, **fields: Any) -> Observed:
    values: dict[str, Any] = {
        "environment": EnvironmentState.READY,
        "awake_since": at("2026-01-01 00:00"),
    }
    return Observed(**{**values, **fields}, in_force=in_force)


def a_run(
    script: str = "reports/daily", status: RunStatus = RunStatus.RUNNING, **fields: Any
) -> Run:
    values: dict[str, Any] = {
        "id": RunId("20260501T000000-aaaaaaaaaaaa"),
        "cause": Cause.MANUAL,
        "queued_at": at("2026-05-01 00:00"),
    }
    if status is not RunStatus.QUEUED:
        values["started_at"] = at("2026-05-01 00:00")
    return Run(**{**values, **fields}, script=ScriptId(script), status=status)


def changed(script: Script, **fields: Any) -> Script:
    return replace(script, **fields)
