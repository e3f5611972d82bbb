"""A page of scripts as JSON, put together without a model for each of its parts.

Two hundred models, each built from values that are right already, take as long as all the
rest of the page. A test holds what this makes to what the models make.
"""

from typing import Any

from pydantic import TypeAdapter

from engine.model.run import Run
from engine.model.status import ScriptReport, TriggerReport
from engine.ports import Page
from web.api.shapes import environment_values, in_utc, problem_shapes, run_values

_JSON = TypeAdapter(dict[str, Any])


def script_page_json(page: Page[ScriptReport]) -> bytes:
    """Return what a ScriptList of the page would say."""
    items = [_script(report) for report in page.items]
    return _JSON.dump_json({"items": items, "next_cursor": page.next_cursor})


def _script(report: ScriptReport) -> dict[str, Any]:
    return {
        "id": report.id,
        "name": report.name,
        "description": report.description,
        "folder": report.folder,
        "enabled": report.enabled,
        "status": report.status.value,
        "stale": report.stale,
        "problems": problem_shapes(report.problems),
        "triggers": [_trigger(one) for one in report.triggers],
        "next_run": in_utc(report.next_run),
        "last_run": _run(report.last_run) if report.last_run else None,
        "active": [_run(run) for run in report.active],
        "environment": environment_values(report.environment),
        "revision": report.revision,
        "digest": report.digest,
    }


def _run(run: Run) -> dict[str, Any]:
    return {**run_values(run), "waits_for": None}


def _trigger(report: TriggerReport) -> dict[str, Any]:
    return {
        "key": report.key,
        "kind": report.kind,
        "description": report.description,
        "enabled": report.enabled,
        "next": in_utc(report.next),
    }
