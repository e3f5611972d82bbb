"""The documentation, and addresses that are nothing."""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model.identity import RESERVED_NAMES
from tests.fakes.engine import a_script

TRIGGER = "/api/scripts/{script_id}/trigger"
HOOK = "/hooks/{token}"
PUBLIC = {("/api/health", "get"), (HOOK, "get"), (HOOK, "post")}
NAMES = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,9}", fullmatch=True).filter(
    lambda name: name not in RESERVED_NAMES
)


@pytest.fixture
def document(call):
    return call("GET", "/api/openapi.json", key=None).json()


def operations(document):
    return {
        (path, method): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_operation_explains_itself(document):
    assert all(
        operation.get("summary") and operation.get("description")
        for operation in operations(document).values()
    )


def schemes(document, path, method):
    return [next(iter(one)) for one in document["paths"][path][method]["security"]]


def test_the_document_tells_how_callers_show_who_they_are(document):
    assert document["components"]["securitySchemes"] == {
        "X-API-Key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "Bearer": {"type": "http", "scheme": "bearer"},
        "Session": {"type": "apiKey", "in": "cookie", "name": "pysched_session"},
        "Password": {"type": "http", "scheme": "basic"},
    }


def test_every_operation_tells_with_what_it_may_be_called(document):
    apart = {HOOK, "/api/auth/login", "/api/auth/logout", TRIGGER}
    everything = ["X-API-Key", "Bearer", "Session", "Password"]

    assert all(
        schemes(document, path, method) == everything
        for path, method in operations(document)
        if path not in apart
    )


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_url_trigger_takes_keys_alone(document, method):
    assert schemes(document, TRIGGER, method) == ["X-API-Key", "Bearer"]


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/auth/logout"])
def test_to_log_in_and_out_needs_nothing(document, path):
    assert schemes(document, path, "post") == []


def test_a_hook_needs_no_key(document):
    assert document["paths"][HOOK]["post"]["security"] == []


def test_every_operation_with_a_key_documents_its_refusals(document):
    missing = {
        key
        for key, operation in operations(document).items()
        if key not in PUBLIC and not {"401", "403", "422"} <= set(operation["responses"])
    }

    assert missing == set()


def test_failures_are_documented_as_problem_details(document):
    answer = document["paths"]["/api/runs/{run_id}"]["get"]["responses"]["404"]

    assert "application/problem+json" in answer["content"]


def test_operation_ids_are_unique(document):
    ids = [operation["operationId"] for operation in operations(document).values()]

    assert len(ids) == len(set(ids))


def test_operation_ids_say_what_is_done_and_not_where(document):
    ids = {key: operation["operationId"] for key, operation in operations(document).items()}

    assert ids["/api/runs/{run_id}/cancel", "post"] == "cancel_run"
    assert not any("api" in one for one in ids.values())


def test_every_operation_belongs_to_a_chapter(document):
    assert all(len(operation["tags"]) == 1 for operation in operations(document).values())


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/nothing", "/api/scripts/", "/api/runs/a/b"]
)
def test_an_unknown_address_is_a_problem_document(call, path):
    answer = call("GET", path)

    assert (answer.status_code, answer.headers["content-type"], answer.json()["code"]) == (
        404,
        "application/problem+json",
        "not_found",
    )


def test_a_wrong_method_is_a_problem_document(call):
    answer = call("DELETE", "/api/runs")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(tail=st.text(st.characters(codec="utf-8"), max_size=40))
def test_no_address_breaks_the_server(call, tail):
    answer = call("GET", f"/api/scripts/{quote(tail, safe='/')}")

    assert answer.status_code in {200, 404, 405, 422}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(script_id=st.lists(NAMES, min_size=1, max_size=4).map("/".join))
def test_every_id_a_script_may_have_is_reached_by_every_route(call, engine, script_id):
    engine.add(a_script(script_id))

    answers = [
        call("GET", f"/api/scripts/{script_id}").json().get("id"),
        call("GET", f"/api/scripts/{script_id}/next").status_code,
        call("POST", f"/api/scripts/{script_id}/execute").status_code,
    ]

    assert answers == [script_id, 200, 202]


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 100_000, b'{"trigger": \xff}'])
def test_a_body_that_cannot_be_read_is_refused_as_any_other(call, body):
    answer = call(
        "POST", "/api/preview", content=body, headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
    assert answer.json()["errors"][0]["field"] == "body"
