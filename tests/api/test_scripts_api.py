"""Scripts over HTTP."""

from datetime import datetime, timedelta, timezone

import pytest

from engine.errors import EngineError, EnvironmentFailed, Unavailable
from engine.model.account import Role
from engine.model.identity import ScriptId, TriggerKey
from engine.model.run import Occurrence, Outcome, RunStatus
from engine.model.status import Coming, ScriptStatus
from engine.model.tree import Problem
from schemas.api import ScriptList
from tests.fakes.engine import NOON, a_run, a_script, overlapping
from web.api.shapes import script_shape
from web.permissions import Keys, Principal

SCRIPT_KEYS = {
    "id", "name", "description", "folder", "enabled", "status", "problems", "triggers",
    "next_run", "last_run", "environment", "revision",
}  # fmt: skip


def test_a_script_has_the_keys_of_the_contract(call):
    assert set(call("GET", "/api/scripts/etl/load").json()) >= SCRIPT_KEYS


def test_times_are_in_utc_with_a_z(call, engine):
    berlin = timezone(timedelta(hours=1))
    engine.add(a_script("etl/load", next_run=datetime(2026, 11, 24, 13, 5, tzinfo=berlin)))

    assert call("GET", "/api/scripts/etl/load").json()["next_run"] == "2026-11-24T12:05:00Z"


def test_a_problem_has_the_keys_of_the_contract(call, engine):
    problem = Problem(
        path="etl/load/script.yaml", line=9, column=5, code="unknown_key", message="m"
    )
    engine.add(a_script("etl/load", status=ScriptStatus.ERROR, stale=True, problems=(problem,)))

    assert call("GET", "/api/scripts/etl/load").json()["problems"] == [
        {
            "path": "etl/load/script.yaml",
            "line": 9,
            "column": 5,
            "severity": "error",
            "code": "unknown_key",
            "message": "m",
        }
    ]


def test_a_file_name_that_is_not_utf8_can_still_be_told(call, engine):
    problem = Problem(path="etl/\udcff/script.yaml", code="unsafe_name", message="bad \udcff")
    engine.add(a_script("etl/load", problems=(problem,)))

    assert call("GET", "/api/scripts/etl/load").json()["problems"][0]["path"] == "etl/?/script.yaml"


def test_the_list_is_cut_into_pages(call, engine):
    engine.add(a_script("a"), a_script("b"))

    first = call("GET", "/api/scripts?limit=2").json()
    second = call("GET", f"/api/scripts?limit=2&cursor={first['next_cursor']}").json()

    assert [[one["id"] for one in page["items"]] for page in (first, second)] == [
        ["a", "b"],
        ["etl/load"],
    ]


def test_the_list_is_filtered(call, engine):
    engine.add(a_script("etl/extract", status=ScriptStatus.FAILING), a_script("web/load"))

    found = call("GET", "/api/scripts?folder=etl&status=failing&q=ext").json()["items"]

    assert [one["id"] for one in found] == ["etl/extract"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "status=green", "cursor=" + "x" * 501]
)
def test_a_filter_that_cannot_be_used_is_named(call, query):
    answer = call("GET", f"/api/scripts?{query}")

    assert (answer.status_code, answer.json()["code"], answer.json()["errors"][0]["field"]) == (
        422,
        "validation_error",
        "query." + query.partition("=")[0],
    )


@pytest.mark.parametrize("script_id", ["hello", "a/b/c/d", "Upper.Case_1", "execute/me", "next-1"])
def test_an_id_is_used_in_the_path_as_it_is(call, engine, script_id):
    engine.add(a_script(script_id))

    assert call("GET", f"/api/scripts/{script_id}").json()["id"] == script_id


def test_an_encoded_slash_is_a_slash(call):
    assert call("GET", "/api/scripts/etl%2Fload").json()["id"] == "etl/load"


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("GET", ""),
        ("GET", "/next"),
        ("GET", "/occurrences"),
        ("POST", "/execute"),
        ("GET", "/trigger"),
        ("POST", "/trigger"),
    ],
)
def test_a_script_that_is_not_there_is_not_found(call, method, route):
    answer = call(method, f"/api/scripts/no/such{route}")

    assert (answer.status_code, answer.json()["code"], answer.headers["content-type"]) == (
        404,
        "not_found",
        "application/problem+json",
    )


def test_a_reserved_last_name_is_a_route_and_never_a_script(call, engine):
    engine.add(a_script("etl/load/execute"))

    answer = call("GET", "/api/scripts/etl/load/execute")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_route_behind_a_route_is_nothing(call):
    assert call("POST", "/api/scripts/etl/load/execute/execute").status_code == 404


def test_coming_occurrences_carry_the_triggers_own_time(call, engine):
    due = datetime(2026, 11, 25, 7, 0, tzinfo=timezone(timedelta(hours=1)))
    engine.comings = [Coming(due=due, trigger=TriggerKey("cron 0 7 * * *"))] * 3

    answer = call("GET", "/api/scripts/etl/load/next?n=2").json()

    assert (len(answer["items"]), answer["items"][0]) == (
        2,
        {
            "due": "2026-11-25T06:00:00Z",
            "local": "2026-11-25T07:00:00+01:00",
            "trigger": "cron 0 7 * * *",
        },
    )


def test_the_ledger_tells_why_a_moment_did_not_run(call, engine):
    engine.ledger = [
        Occurrence(
            script=ScriptId("etl/load"),
            trigger=TriggerKey("every 5m"),
            due=NOON,
            outcome=Outcome.SKIPPED,
            reason="overlap",
        )
    ]

    assert call("GET", "/api/scripts/etl/load/occurrences").json() == {
        "items": [
            {
                "due": "2026-11-24T12:00:00Z",
                "trigger": "every 5m",
                "outcome": "skipped",
                "reason": "overlap",
                "run_id": None,
            }
        ],
        "next_cursor": None,
    }


def test_execute_queues_a_run(call, engine):
    answer = call(
        "POST", "/api/scripts/etl/load/execute", json={"args": ["--x"], "env": {"CITY": "Berlin"}}
    )

    assert (answer.status_code, answer.json(), engine.asked) == (
        202,
        {"run_id": "20261124T120001-abcdef123456"},
        [("execute", "etl/load", ("--x",), {"CITY": "Berlin"}, "default key")],
    )


@pytest.mark.parametrize(
    ("role", "name", "status"),
    [
        (Role.OPERATOR, "LD_PRELOAD", 403),
        (Role.OPERATOR, "CITY", 202),
        (Role.EDITOR, "LD_PRELOAD", 202),
    ],
)
def test_operators_do_not_steer_a_run_by_its_variables(app, call, engine, role, name, status):
    before = app.state.keys
    app.state.keys = Keys({"mine": Principal(name="mine", role=role)})
    answer = call("POST", "/api/scripts/etl/load/execute", key="mine", json={"env": {name: "x"}})
    app.state.keys = before

    assert answer.status_code == status
    assert answer.json().get("code") == ("forbidden" if status == 403 else None)
    assert len(engine.asked) == (status == 202)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"arg": []}, "body.arg"),
        ({"args": "x"}, "body.args"),
        ({"args": ["a\0b"]}, "body.args.0"),
        ({"env": {"A": 1}}, "body.env.A"),
    ],
)
def test_a_body_that_cannot_be_used_is_named(call, body, field):
    answer = call("POST", "/api/scripts/etl/load/execute", json=body)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_a_body_that_is_no_json_is_named(call):
    answer = call(
        "POST",
        "/api/scripts/etl/load/execute",
        content=b"{",
        headers={"Content-Type": "application/json"},
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")


@pytest.mark.parametrize("route", ["execute", "trigger"])
def test_an_overlap_is_a_conflict(call, engine, route):
    engine.refusal = overlapping()

    answer = call("POST", f"/api/scripts/etl/load/{route}")

    assert (answer.status_code, answer.json()) == (
        409,
        {
            "type": "about:blank",
            "title": "Conflict",
            "status": 409,
            "code": "overlap",
            "detail": "etl/load: a run is still going and its overlap is skip",
        },
    )


@pytest.mark.parametrize(
    ("error", "status"),
    [(Unavailable("x"), 503), (EnvironmentFailed("x"), 409), (EngineError("x"), 500)],
)
def test_each_expected_failure_has_its_status(call, engine, error, status):
    engine.refusal = error

    answer = call("POST", "/api/scripts/etl/load/execute")

    assert (answer.status_code, answer.json()["code"]) == (status, error.code)


def test_an_unexpected_failure_says_nothing_of_the_inside_but_is_logged(call, engine, caplog):
    engine.refusal = RuntimeError("password=hunter2")

    answer = call("POST", "/api/scripts/etl/load/execute")

    record = caplog.records[-1]
    assert (answer.status_code, answer.json()["code"], "hunter2" in answer.text) == (
        500,
        "internal_error",
        False,
    )
    assert (record.route_path, record.script_id, record.exc_info[1]) == (
        "/api/scripts/{script_id}/execute",
        "etl/load",
        engine.refusal,
    )


def test_a_trigger_hands_the_body_to_the_script(call, engine):
    answer = call("POST", "/api/scripts/etl/load/trigger", content=b"\x00raw")

    assert (answer.status_code, list(answer.json()), engine.asked) == (
        202,
        ["run_id"],
        [("trigger", "etl/load", b"\x00raw", "default key")],
    )


def test_a_trigger_without_a_body_has_no_payload(call, engine):
    call("POST", "/api/scripts/etl/load/trigger")

    assert engine.asked == [("trigger", "etl/load", None, "default key")]


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_above_the_cap_is_refused(call, engine, declared):
    async def chunks():
        for _ in range(11):
            yield b"x" * 1_000_000

    content = b"x" * 10_000_001 if declared else chunks()
    answer = call("POST", "/api/scripts/etl/load/trigger", content=content)

    assert (answer.status_code, answer.json()["code"], engine.asked) == (
        413,
        "payload_too_large",
        [],
    )


def test_a_body_of_the_cap_is_taken(call):
    answer = call("POST", "/api/scripts/etl/load/trigger", content=b"x" * 10_000_000)

    assert answer.status_code == 202


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_waiting_answers_with_the_run(call, engine, method):
    engine.ends_as = RunStatus.FAILED

    answer = call(method, "/api/scripts/etl/load/trigger?wait=30s")

    assert (answer.status_code, answer.json()["status"], answer.json()["run_id"]) == (
        200,
        "failed",
        answer.json()["id"],
    )


def test_waiting_for_a_run_that_goes_on_is_not_an_end(call, engine):
    engine.ends_as = RunStatus.RUNNING
    engine.reasons["20261124T120001-abcdef123456"] = "waits for group warehouse"

    answer = call("GET", "/api/scripts/etl/load/trigger?wait=0")

    assert (answer.status_code, answer.json()["status"], answer.json()["waits_for"]) == (
        202,
        "queued",
        "waits for group warehouse",
    )


@pytest.mark.parametrize("wait", ["", "soon", "-1s", "11m", "9" * 20])
def test_a_wait_that_cannot_be_used_starts_nothing(call, engine, wait):
    answer = call("GET", f"/api/scripts/etl/load/trigger?wait={wait}")

    assert (answer.status_code, answer.json()["errors"][0]["field"], engine.asked) == (
        422,
        "query.wait",
        [],
    )


def test_a_repeated_request_with_the_same_key_is_the_same_run(call, engine):
    headers = {"Idempotency-Key": "delivery-1"}

    answers = [
        call("POST", "/api/scripts/etl/load/trigger", headers=headers).json() for _ in range(2)
    ]

    assert (answers[0], len(engine.asked)) == (answers[1], 1)


def test_the_last_run_has_the_shape_of_a_run(call, engine):
    engine.add(a_script("etl/load", last_run=a_run(status=RunStatus.FAILED, exit_code=-9)))

    last = call("GET", "/api/scripts/etl/load").json()["last_run"]

    assert (last["exit_code"], last["signal"]) == (-9, 9)


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (
            b'{"args": ["x"]}',
            "text/plain",
            "must be a JSON object, sent with Content-Type: application/json",
        ),
        (
            b'["x"]',
            "application/json",
            "must be a JSON object, sent with Content-Type: application/json",
        ),
        (
            b'{"args":',
            "application/json",
            "this is no JSON: Expecting value at character 8",
        ),
    ],
)
def test_a_body_that_is_no_json_object_is_told_how_to_be_sent(call, content, kind, message):
    answer = call(
        "POST", "/api/scripts/etl/load/execute", content=content, headers={"Content-Type": kind}
    )

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body", "message": message}]


def test_a_page_says_what_the_models_would_say(call, engine):
    problem = Problem(path="a/script.yaml", line=9, column=5, code="unknown_key", message="no 'x'")
    active = a_run("20261124T120001-abcdef123456", status=RunStatus.RUNNING, args=("--city", "ö"))
    engine.add(
        a_script("a", problems=(problem,), last_run=a_run(), active=(active,)),
        a_script("b", triggers=(), next_run=None, revision=None),
    )

    text = call("GET", "/api/scripts", params={"limit": 2}).text

    shapes = tuple(script_shape(engine.script(one)) for one in ("a", "b"))
    assert text == ScriptList(items=shapes, next_cursor="b").model_dump_json()
