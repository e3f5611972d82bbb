"""Hooks: secret addresses that fire one script."""

import logging

import pytest

from engine.model.run import RunStatus
from tests.api.conftest import VIEWER_KEY
from tests.fakes.engine import overlapping


@pytest.fixture
def token(call, engine) -> str:
    made = call("POST", "/api/hooks/etl/load")
    assert made.status_code == 201
    engine.asked.clear()
    engine.audit.entries.clear()
    return made.json()["token"]


def test_a_token_is_shown_once_and_kept_nowhere(call, engine, token):
    listed = call("GET", "/api/hooks").json()

    assert listed["items"] == [{"script": "etl/load", "created": "2026-11-24T12:00:00Z"}]
    assert token not in str(engine.given_hooks)


def test_calling_it_needs_nothing_else(call, engine, token):
    answer = call("POST", f"/hooks/{token}", key=None, content=b"\x00raw")

    assert (answer.status_code, list(answer.json())) == (202, ["run_id"])
    assert engine.asked == [("trigger", "etl/load", b"\x00raw", "hook")]


def test_it_may_be_called_by_get(call, engine, token):
    call("GET", f"/hooks/{token}", key=None)

    assert engine.asked == [("trigger", "etl/load", None, "hook")]


def test_it_waits_if_it_is_asked_to(call, engine, token):
    engine.ends_as = RunStatus.FAILED

    answer = call("GET", f"/hooks/{token}?wait=5s", key=None)

    assert (answer.status_code, answer.json()["status"]) == (200, "failed")


def test_a_repeated_call_with_the_same_key_is_one_run(call, engine, token):
    sent = {"headers": {"Idempotency-Key": "order-1"}, "key": None}
    runs = {call("POST", f"/hooks/{token}", **sent).json()["run_id"] for _ in range(3)}

    assert len(runs) == 1


def test_overlap_refuses_it_as_any_other_trigger(call, engine, token):
    engine.refusal = overlapping()

    assert call("POST", f"/hooks/{token}", key=None).status_code == 409


@pytest.mark.parametrize("wrong", ["x", "a" * 43, "a" * 500, "..%2f..%2fetc", "*", "%25"])
def test_any_other_address_is_nothing(call, engine, token, wrong):
    answer = call("POST", f"/hooks/{wrong}", key=None)

    assert (answer.status_code, engine.asked) == (404, [])


def test_an_administrators_key_opens_no_hook(call, engine, token):
    assert call("POST", "/hooks/" + "a" * 43).status_code == 404


def test_a_new_token_closes_the_old(call, token):
    call("POST", "/api/hooks/etl/load")

    assert call("POST", f"/hooks/{token}", key=None).status_code == 404


def test_a_token_that_was_taken_back_opens_nothing(call, token):
    assert call("DELETE", "/api/hooks/etl/load").status_code == 204
    assert call("POST", f"/hooks/{token}", key=None).status_code == 404


def test_a_script_that_is_not_there_gets_none(call):
    assert call("POST", "/api/hooks/no/such").status_code == 404


def test_a_viewer_gives_out_none(call):
    assert call("POST", "/api/hooks/etl/load", key=VIEWER_KEY).status_code == 403


def test_the_audit_log_knows_the_hook_and_not_its_token(call, engine, token):
    call("POST", f"/hooks/{token}", key=None)

    (entry,) = engine.audit.entries
    assert (entry.who, entry.kind, entry.action, entry.parameters["script_id"]) == (
        "hook of etl/load",
        "hook",
        "POST /hooks/{token}",
        "etl/load",
    )
    assert token not in str(entry)


def test_a_failure_is_logged_without_the_token(call, engine, token, caplog):
    engine.refusal = RuntimeError("broken")
    with caplog.at_level(logging.DEBUG):
        answer = call("POST", f"/hooks/{token}", key=None)

    assert answer.status_code == 500
    assert all(
        token not in str(vars(record)) for record in caplog.records if record.name.startswith("web")
    )
