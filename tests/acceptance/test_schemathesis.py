"""No call, as anybody, gets an answer that the OpenAPI document does not tell.

Schemathesis found what nobody thought of (a body that is no text was answered with a status
that no route had told), and does not find everything: it once missed a planted failure. So
what is known to have broken servers is asked here too, of each operation.
"""

import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse, PlainTextResponse
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from tests.acceptance.described import HELD_TO, LONGEST, Survey, without_credentials
from tests.acceptance.served import Served, served

ROLES = ("viewer", "operator", "editor", "admin")
SOME = "editor of etl"
HEADER = "X-API-Key"
ENV = {"PYSCHED_RATE_LIMIT_ENABLED": "false"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a few scripts and a run."""
    with served(tmp_path_factory.mktemp("described"), env=ENV) as one:
        one.script("etl/load", "print('load')\n", "triggers:\n  - url: true\n  - every: 1d\n")
        one.script("web/site", "print('site')\n")
        one.write("etl/folder.yaml", "env:\n  CITY: Berlin\n")
        one.start()
        yield one


@pytest.fixture(scope="module")
def run(server: Served) -> str:
    made = server.execute("etl/load")
    server.ended(made)
    return made


@pytest.fixture(scope="module")
def callers(server: Served) -> dict[str, dict[str, str]]:
    """Headers of nobody, of each role, and of a key for some scripts."""
    keys: dict[str, dict[str, str]] = {"nobody": {}}
    for name in (*ROLES, SOME):
        wanted = {"name": name, "role": "editor" if name == SOME else name}
        if name == SOME:
            wanted["scripts"] = ["etl/*"]
        made = server.http.post("/api/keys", json=wanted)
        assert made.status_code == 201, made.text
        keys[name] = {HEADER: made.json()["secret"]}
    return keys


@pytest.fixture(scope="module")
def document(server: Served) -> dict:
    return server.get("/api/openapi.json")


@pytest.fixture
def survey(server, document, callers, run):
    def make(**options) -> Survey:
        return Survey(
            server.url,
            document,
            callers,
            there={
                "script_id": ["etl/load", "web/site"],
                "run_id": [run],
                "path": ["load.py", "script.yaml", "etl"],
            },
            **options,
        )

    return make


@pytest.mark.timeout(240)
def test_every_answer_is_one_that_the_document_tells(survey, document, callers):
    done = survey().run()

    assert done.failures == {}
    assert done.calls > 2 * len(document["paths"]) * len(callers)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_every_answer_of_thousands_is_one_that_the_document_tells(survey):
    assert survey(examples=100).run().failures == {}


@dataclass
class Chains:
    """Follows what one answer says of the next call; each batch of chains is another one."""

    server: Served
    document: dict[str, Any]
    headers: Mapping[str, str]
    calls: int = 0
    failures: dict[str, str] = field(default_factory=dict[str, str])
    """The first of each operation."""

    def run(self, *, batches: int, steps: int) -> "Chains":
        for number in range(batches):
            try:
                run_state_machine_as_test(seed(number)(self.machine()), settings=of_chains(steps))
            except Flaky:
                # What can follow depends on answers, and the server remembers what was done: a
                # chain that is made again may go another way, which ends its batch.
                continue
        return self

    def machine(self) -> type:
        schema = schemathesis.openapi.from_dict(self.document)
        schema.config.update(base_url=self.server.url)
        chains = self

        class Chain(schema.as_state_machine()):
            def get_call_kwargs(self, case):
                return {"headers": dict(chains.headers), "timeout": LONGEST}

            def before_call(self, case):
                without_credentials(case)

            def validate_response(self, response, case, additional_checks=(), **_kwargs):
                chains.calls += 1
                try:
                    case.validate_response(response, checks=HELD_TO)
                except BaseExceptionGroup as error:
                    chains.failures.setdefault(case.operation.label, str(error)[:1500])

        return Chain


def of_chains(steps: int) -> settings:
    return settings(
        max_examples=5,
        stateful_step_count=steps,
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )


@pytest.mark.timeout(240)
def test_every_answer_in_a_chain_of_calls_is_one_that_the_document_tells(
    server, document, callers, run
):
    done = Chains(server, document, callers["admin"]).run(batches=2, steps=8)

    assert (done.failures, done.calls > 20) == ({}, True)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_every_answer_in_hundreds_of_chains_is_one_that_the_document_tells(
    server, document, callers, run
):
    done = Chains(server, document, callers["admin"]).run(batches=60, steps=20)

    assert (done.failures, done.calls > 1_000) == ({}, True)


# What schemathesis may miss

JSON = {"Content-Type": "application/json"}
BODIES = [
    (b"\xff\xfe\x00", JSON),
    (b"[" * 100_000, JSON),
    (b'{"a":' * 5_000, JSON),
    (b'{"\\ud800": "\\ud800"}', JSON),
    (b'{"a": 1e999, "b": NaN, "c": ' + b"9" * 5_000 + b"}", JSON),
    (b"null", JSON),
    (b"[]", JSON),
    (b'"text"', JSON),
    (b"{", JSON),
    (b"", JSON),
    (b"{}", {"Content-Type": "application/json; charset=utf-7"}),
    (b"{}", {"Content-Type": "text/plain"}),
    (b"{}", {"Content-Type": "\xff"}),
    (b"--x\r\n\r\n", {"Content-Type": "multipart/form-data; boundary=x"}),
    (b"a=%ff&a=1", {"Content-Type": "application/x-www-form-urlencoded"}),
]
VALUES = ["%00", "%ff", "", "9" * 400, "-1", "inf", "%F0%9F%98%80", "x" * 3_000, "%0d%0aX:1", "[]"]
SEGMENTS = [
    "%00",
    "%ff",
    "..",
    "%2e%2e",
    "%2e%2e%2fx",
    "x" * 3_000,
    "%0d%0a",
    "%F0%9F%98%80",
    "a%5cb",
]
HEADERS = [
    {"Range": "bytes=99999999999999999999999-"},
    {"Range": "bytes=-"},
    {"Range": "bytes=5-1,\xff"},
    {"If-Match": '"\xff", W/"', "If-None-Match": "*" * 900},
    {"Idempotency-Key": "\xff"},
    {"Accept": "\xff/*;q=x", "Accept-Encoding": "\xff"},
    {"Content-Length": "0", "Expect": "100-continue"},
    {"Cookie": "=;;\xff=;session=\xff"},
    {"Origin": "http://[::1", "Sec-Fetch-Site": "\xff"},
    {"Host": "[::1"},
    {"X-Forwarded-For": "\xff, , ,", "Forwarded": "for=\xff"},
]


def hostile(document) -> Iterator[tuple[str, str, dict]]:
    """Give method, address and the rest of calls that have broken servers, for each operation."""
    for path, methods in document["paths"].items():
        there = re.sub(r"\{(\w+)\}", lambda name: FOUND.get(name[1], "x"), path)
        for method, operation in methods.items():
            names = [
                each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"
            ]
            for content, headers in BODIES if "requestBody" in operation else ():
                yield method, there, {"content": content, "headers": headers}
            for value in VALUES:
                query = "&".join(f"{name}={value}" for name in names)
                yield method, f"{there}?{query}", {}
            for segment in SEGMENTS if "{" in path else ():
                yield (
                    method,
                    "/".join(segment if "{" in one else one for one in path.split("/")),
                    {},
                )
            for headers in HEADERS:
                yield method, there, {"headers": headers}
        for method in ("options", "trace", "patch", "head", "propfind"):
            yield method, there, {}


FOUND = {"script_id": "etl/load", "path": "load.py"}


@pytest.mark.timeout(240)
def test_what_has_broken_servers_breaks_nothing(server, document, callers):
    broken: dict[str, str] = {}
    with httpx.Client(base_url=server.url, headers=callers["admin"], timeout=20) as client:
        for method, address, sent in hostile(document):
            headers = {k.encode(): v.encode("latin-1") for k, v in sent.get("headers", {}).items()}
            answer = client.request(method, address, **{**sent, "headers": headers})
            if fault := fault_of(method, answer):
                broken.setdefault(f"{method} {address[:100]} {str(sent)[:100]}", fault)

    assert broken == {}
    assert server.is_up()


def fault_of(method: str, answer: httpx.Response) -> str | None:
    if answer.status_code >= 500:
        return f"{answer.status_code}: {answer.text[:200]}"
    kind = answer.headers.get("content-type")
    if answer.status_code >= 400 and method != "head" and kind != "application/problem+json":
        return f"{answer.status_code} as {kind}: {answer.text[:200]}"
    return None


@pytest.mark.parametrize("first", [*"0123456789*?-+.@#%$~", "L", "W", "é", "\x00", "\uff19"])
def test_no_first_letter_of_a_cron_expression_breaks_the_server(server, first):
    for cron in (f"{first} * * * *", f"{first}{first}/{first} * * * *", f"* * {first} * {first}"):
        answer = server.http.post("/api/preview", json={"trigger": {"cron": cron}})
        assert answer.status_code in {200, 422}, answer.text


# That all this can fail


def planted() -> FastAPI:
    """Make an app in which every operation but one breaks its word."""
    app = FastAPI()

    @app.get("/sound/{name}")
    async def sound(name: int) -> dict[str, int]:
        return {"name": name}

    @app.get("/undocumented")
    async def undocumented() -> None:
        raise HTTPException(418)

    @app.get("/broken/{name}")
    async def broken(name: str) -> str:
        raise RuntimeError(name)

    @app.get("/shapeless", response_model=dict[str, int])
    async def shapeless() -> JSONResponse:
        return JSONResponse({"name": "text"})

    @app.get("/other-kind", response_model=dict[str, int])
    async def other_kind() -> PlainTextResponse:
        return PlainTextResponse("{}")

    return app


def test_a_survey_finds_what_breaks_its_word():
    app = planted()
    with in_a_thread(app) as url:
        done = Survey(url, app.openapi(), {"nobody": {}}).run()

    assert set(done.failures) == {
        "GET /undocumented",
        "GET /broken/{name}",
        "GET /shapeless",
        "GET /other-kind",
    }


@contextmanager
def in_a_thread(app: FastAPI) -> Iterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
