"""Checks and completions over HTTP."""

import asyncio

import httpx
import pytest

from engine.errors import InvalidInput, NotFound, Superseded, Unavailable
from engine.model.account import Role
from engine.model.completion import Completion, Completions
from engine.model.tree import Problem, Severity
from tests.api.conftest import VIEWER_KEY
from web.permissions import Keys, Principal

JSON = {"Content-Type": "application/json"}
TEXT = {"script": "etl/load", "path": "load.py", "content": "import os\n"}
CURSOR = {**TEXT, "line": 1, "column": 8}


def test_problems_have_the_shape_of_the_contract(call, engine):
    engine.assistance.problems = [
        Problem(
            path="etl/load/load.py",
            line=1,
            column=8,
            severity=Severity.WARNING,
            code="F401",
            message="`os` imported but unused",
        )
    ]

    assert call("POST", "/api/check", json=TEXT).json() == {
        "problems": [
            {
                "path": "etl/load/load.py",
                "line": 1,
                "column": 8,
                "severity": "warning",
                "code": "F401",
                "message": "`os` imported but unused",
            }
        ]
    }


def test_a_completion_says_what_to_put_where(call, engine):
    item = Completion(
        label="dumps", kind="function", detail="def dumps", insert="dumps", replaces=2
    )
    engine.assistance.completions = Completions(items=(item,), note="more")

    assert call("POST", "/api/complete", json=CURSOR).json() == {
        "items": [
            {
                "label": "dumps",
                "kind": "function",
                "detail": "def dumps",
                "insert": "dumps",
                "replaces": 2,
            }
        ],
        "note": "more",
    }


def test_the_engine_is_asked_with_the_place_and_who_asks(call, engine):
    call("POST", "/api/complete", json=CURSOR)

    assert engine.assistance.asked == [
        ("complete", "etl/load", "load.py", "import os\n", (1, 8), "default key")
    ]


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (NotFound("no"), (404, "not_found")),
        (InvalidInput("no"), (422, "invalid_input")),
        (Superseded("no"), (409, "superseded")),
        (Unavailable("no"), (503, "unavailable")),
    ],
)
@pytest.mark.parametrize(("path", "body"), [("/api/check", TEXT), ("/api/complete", CURSOR)])
def test_a_failure_is_a_problem_document(call, engine, path, body, failure, told):
    engine.assistance.refusal = failure
    answer = call("POST", path, json=body)

    assert (answer.status_code, answer.json()["code"]) == told


def test_who_finds_no_answer_is_told_when_to_ask_again(call, engine):
    engine.assistance.refusal = Unavailable("no")

    assert call("POST", "/api/complete", json=CURSOR).headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/check", {**TEXT, "content": "x" * 1_000_001}),
        ("/api/check", {**TEXT, "path": ""}),
        ("/api/check", {**TEXT, "path": "x" * 2_000}),
        ("/api/check", {**TEXT, "colour": "red"}),
        ("/api/complete", {**CURSOR, "line": 0}),
        ("/api/complete", {**CURSOR, "column": 0}),
        ("/api/complete", {**CURSOR, "line": 10**30}),
        ("/api/complete", {**CURSOR, "script": None}),
    ],
)
def test_what_cannot_be_looked_at_is_refused(call, engine, path, body):
    answer = call("POST", path, json=body)

    assert (answer.status_code, engine.assistance.asked) == (422, [])


def test_half_a_character_is_refused_and_no_failure(call):
    raw = b'{"script": "etl/load", "path": "load.py", "content": "\\ud800"}'
    answer = call("POST", "/api/check", content=raw, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422


@pytest.mark.parametrize(("path", "body"), [("/api/check", TEXT), ("/api/complete", CURSOR)])
def test_a_key_for_other_scripts_helps_with_none(app, call, engine, path, body):
    before = app.state.keys
    owner = Principal(name="web", role=Role.ADMIN, scripts=("web/*",))
    app.state.keys = Keys({"web": owner})
    answers = [call("POST", path, key="web", json=body)]
    if path == "/api/check":
        nobody = {**body, "script": None, "path": "folder.yaml"}
        answers.append(call("POST", path, key="web", json=nobody))
    app.state.keys = before

    assert {answer.status_code for answer in answers} == {403}
    assert engine.assistance.asked == []


@pytest.mark.parametrize(("key", "status"), [(None, 401), (VIEWER_KEY, 403)])
@pytest.mark.parametrize("path", ["/api/check", "/api/complete"])
def test_nothing_is_read_of_who_may_not_ask(app, path, key, status):
    """A caller who may not ask is answered before a byte of his body is taken."""
    taken: list[int] = []

    async def body():
        for number in range(3):
            taken.append(number)
            yield b" " * 100_000

    async def ask() -> int:
        headers = {"Content-Type": "application/json"} | ({"X-API-Key": key} if key else {})
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.post(path, content=body(), headers=headers)).status_code

    assert (asyncio.run(ask()), taken) == (status, [])


def test_a_long_text_is_parsed_beside_the_loop(call, engine):
    answer = call("POST", "/api/check", json={**TEXT, "content": "ü" * 400_000})

    assert (answer.status_code, len(engine.assistance.asked[0][3])) == (200, 400_000)


@pytest.mark.parametrize("path", ["/api/check", "/api/complete"])
def test_a_body_longer_than_any_text_is_refused(call, path):
    answer = call("POST", path, content=b" " * 7_000_000, headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize(
    ("content", "headers", "message"),
    [
        (b"[]", JSON, "must be a JSON object, sent with Content-Type: application/json"),
        (b"{}", {}, "must be a JSON object, sent with Content-Type: application/json"),
        (b'{"path":', JSON, "this is no JSON: EOF while parsing a value at line 1 column 8"),
    ],
)
def test_a_body_that_is_no_json_object_is_told_how_to_be_sent(call, content, headers, message):
    answer = call("POST", "/api/check", content=content, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body", "message": message}]


def test_a_wrong_value_is_named_as_anywhere_else(call):
    answer = call("POST", "/api/complete", json={**CURSOR, "line": 0})

    assert [one["field"] for one in answer.json()["errors"]] == ["body.line"]


def test_the_document_tells_what_is_taken(call):
    document = call("GET", "/api/openapi.json", key=None).json()
    body = document["paths"]["/api/check"]["post"]["requestBody"]

    assert body["content"]["application/json"]["schema"]["$ref"].endswith("/CheckRequest")
    assert set(document["components"]["schemas"]["CheckRequest"]["required"]) == {"path", "content"}
