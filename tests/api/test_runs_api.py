"""Runs over HTTP."""

from datetime import UTC, datetime

import pytest

from engine.model.environment import EnvironmentRequest
from engine.model.identity import ScriptId
from engine.model.plan import (
    CreateScript,
    DeleteScript,
    FieldChange,
    MarkScript,
    MovedOccurrence,
    Plan,
    UpdateScript,
)
from engine.model.run import RunStatus
from engine.model.tree import Entry
from engine.ports import RunFilter
from tests.fakes.engine import NOON, a_health, a_run, overlapping

RUN = "20261124T120000-abcdef123456"
RUN_KEYS = {
    "id", "script", "status", "reason", "exit_code", "signal", "trigger", "cause",
    "scheduled_for", "queued_at", "started_at", "finished_at", "duration_ms", "cpu_ms",
    "peak_memory_bytes", "attempt", "commit", "digest", "lock", "python", "requested_by",
}  # fmt: skip


def test_a_run_has_the_keys_of_the_contract(call):
    assert set(call("GET", f"/api/runs/{RUN}").json()) >= RUN_KEYS


def test_the_list_has_the_keys_of_the_contract(call):
    assert list(call("GET", "/api/runs").json()) == ["items", "next_cursor"]


def test_every_filter_reaches_the_engine(call, engine):
    call(
        "GET",
        "/api/runs?script=etl/load&status=failed&status=timeout&trigger=manual&q=KeyError"
        "&since=2026-11-01T00:00:00%2B01:00&until=2026-11-02",
    )

    assert engine.asked == [
        (
            "runs",
            RunFilter(
                script=ScriptId("etl/load"),
                status=["failed", "timeout"],
                trigger="manual",
                since=datetime(2026, 10, 31, 23, 0, tzinfo=UTC),
                until=datetime(2026, 11, 2, tzinfo=UTC),
                query="KeyError",
            ),
        )
    ]


@pytest.mark.parametrize(
    "query", ["status=green", "since=yesterday", "limit=0", "limit=501", "q=" + "x" * 201]
)
def test_a_filter_that_cannot_be_used_is_named(call, query):
    answer = call("GET", f"/api/runs?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")


def test_a_cursor_of_somebody_else_is_refused(call):
    answer = call("GET", "/api/runs?cursor=broken")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


def test_a_queued_run_says_what_it_waits_for(call, engine):
    engine.add(a_run(status=RunStatus.QUEUED))
    engine.reasons[RUN] = "waits for a place"

    assert call("GET", f"/api/runs/{RUN}").json()["waits_for"] == "waits for a place"


@pytest.mark.parametrize(
    ("method", "route"), [("GET", ""), ("GET", "/output"), ("POST", "/cancel")]
)
@pytest.mark.parametrize("run_id", ["nope", "..%2f..", "%00", "x" * 3000])
def test_a_run_that_is_not_there_is_not_found(call, method, route, run_id):
    answer = call(method, f"/api/runs/{run_id}{route}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_following_a_run_that_is_not_there_is_not_found(call):
    assert call("GET", "/api/runs/nope/output?follow=true").status_code == 404


def test_cancel_asks_the_run_to_stop(call, engine):
    answer = call("POST", f"/api/runs/{RUN}/cancel")

    assert (answer.status_code, answer.json(), engine.asked) == (
        202,
        {"run_id": RUN},
        [("cancel", RUN, "default key")],
    )


def test_a_run_that_cannot_be_cancelled_is_a_conflict(call, engine):
    engine.refusal = overlapping()

    assert call("POST", f"/api/runs/{RUN}/cancel").status_code == 409


def test_health_needs_no_key_and_tells_nothing_more(call):
    answer = call("GET", "/api/health", key=None)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_health_with_a_key_tells_details(call):
    assert call("GET", "/api/health").json()["details"]["limits"] == {"memory": "sampled"}


def test_details_that_are_not_known_are_null(call, engine):
    engine.state = a_health(revision=None)

    assert call("GET", "/api/health").json()["details"]["revision"] is None


def test_a_failing_part_is_named_but_not_why(call, engine):
    engine.state = a_health(failing={"database": "/secret/path is full"})

    answer = call("GET", "/api/health", key=None)

    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "failing", "failing": ["database"]},
    )


def test_a_wrong_key_is_refused_even_where_none_is_needed(call):
    assert call("GET", "/api/health", key="guessed").status_code == 401


def test_the_version_is_told(call):
    assert set(call("GET", "/api/version").json()) == {"version", "python"}


def test_the_plan_lists_every_action_with_its_changes(call, engine):
    entry = Entry(id=ScriptId("a"), signature="s", digest="d", script=None)
    engine.pending = Plan(
        actions=[
            CreateScript(entry=entry),
            UpdateScript(
                entry=entry, before=None, changes=(FieldChange("limits.timeout", "5m", "1m"),)
            ),
            MarkScript(entry=entry),
            DeleteScript(id=ScriptId("gone")),
        ],
        builds=[(EnvironmentRequest("3.12", "a==1\nb"), (ScriptId("a"),))],
        moved=[MovedOccurrence(script=ScriptId("a"), before=None, after=NOON)],
        held="removes 9 of 10 scripts",
    )

    assert call("GET", "/api/plan").json() == {
        "empty": False,
        "actions": [
            {"action": "create", "id": "a", "changes": []},
            {
                "action": "update",
                "id": "a",
                "changes": [{"field": "limits.timeout", "before": "5m", "after": "1m"}],
            },
            {"action": "mark", "id": "a", "changes": []},
            {"action": "delete", "id": "gone", "changes": []},
        ],
        "builds": [{"python": "3.12", "requirements": ["a==1", "b"], "scripts": ["a"]}],
        "moved": [{"script": "a", "before": None, "after": "2026-11-24T12:00:00Z"}],
        "problems": [],
        "held": "removes 9 of 10 scripts",
    }


@pytest.mark.parametrize(("body", "confirm"), [({}, False), ({"confirm": True}, True)])
def test_reconcile_passes_the_confirmation_on(call, engine, body, confirm):
    answer = call("POST", "/api/reconcile", json=body)

    assert (answer.status_code, engine.asked) == (200, [("reconcile", confirm)])


def test_a_confirmation_must_be_true_or_false(call):
    assert call("POST", "/api/reconcile", json={"confirm": "maybe"}).status_code == 422
