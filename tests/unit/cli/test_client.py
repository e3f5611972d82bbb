"""Finding the server and understanding its answers."""

import json

import httpx
import pytest

from engine.errors import EngineError
from web.cli.client import Address, ConnectionBroke, NoServer, Refusal, Server, find_server
from web.cli.failure import Failed


def nowhere():
    raise AssertionError("the data directory must not be looked for")


def server(answer) -> Server:
    return Server(Address("http://127.0.0.1:1", "k"), httpx.MockTransport(answer))


def test_what_is_given_wins_over_the_environment():
    environ = {"PYSCHED_URL": "http://env", "PYSCHED_DEFAULT_API_KEY": "env"}

    assert find_server("http://given/", "given", nowhere, environ) == Address(
        "http://given", "given"
    )


def test_the_environment_wins_over_the_file():
    environ = {"PYSCHED_URL": "http://env", "PYSCHED_DEFAULT_API_KEY": "env"}

    assert find_server(None, None, nowhere, environ) == Address("http://env", "env")


def test_the_file_of_the_data_directory_says_where_the_server_is(tmp_path):
    (tmp_path / "server.json").write_text(json.dumps({"url": "http://x:1", "key": "k", "pid": 1}))

    assert find_server(None, None, lambda: tmp_path, {}) == Address("http://x:1", "k")


def test_without_any_hint_the_default_address_is_tried(tmp_path):
    assert find_server(None, None, lambda: tmp_path, {}) == Address("http://127.0.0.1:8000", None)


def test_a_damaged_file_is_told_with_the_way_out(tmp_path):
    (tmp_path / "server.json").write_text("{")

    with pytest.raises(Failed, match="give --url and --key"):
        find_server(None, None, lambda: tmp_path, {})


def test_the_key_is_sent_in_the_header():
    seen = []
    server(
        lambda request: seen.append(request.headers["X-API-Key"]) or httpx.Response(200, json=1)
    ).get("/x")

    assert seen == ["k"]


def test_options_that_were_not_given_are_not_sent():
    seen = []
    server(lambda request: seen.append(str(request.url)) or httpx.Response(200, json=1)).get(
        "/x", q=None, status=["a", "b"]
    )

    assert seen == ["http://127.0.0.1:1/x?status=a&status=b"]


def test_no_server_is_told_with_the_way_to_start_one():
    def refuse(request):
        raise httpx.ConnectError("refused")

    with pytest.raises(NoServer, match=r"no server answers at http://127\.0\.0\.1:1; start one"):
        server(refuse).get("/x")


def test_a_broken_connection_is_something_else():
    def breaks(request):
        raise httpx.RemoteProtocolError("gone")

    with pytest.raises(ConnectionBroke):
        server(breaks).get("/x")


def test_a_problem_document_becomes_its_sentence():
    problem = {"code": "overlap", "detail": "a run is still going"}

    with pytest.raises(Refusal, match=r"^a run is still going$") as caught:
        server(lambda _request: httpx.Response(409, json=problem)).post("/x")

    assert (caught.value.status, caught.value.code) == (409, "overlap")


def test_a_missing_key_says_how_to_give_one():
    problem = {"code": "unauthorized", "detail": "an API key is needed"}

    with pytest.raises(Refusal, match="PYSCHED_DEFAULT_API_KEY"):
        server(lambda _request: httpx.Response(401, json=problem)).get("/x")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, text="<html>"),
        httpx.Response(200, text="hello"),
        httpx.Response(500, json=[]),
    ],
)
def test_an_answer_of_another_program_is_no_trace(answer):
    with pytest.raises(Failed):
        server(lambda _request: answer).get("/x")


@pytest.mark.parametrize("url", ["nonsense", "ftp://x", "http://[", ""])
def test_an_address_that_is_none_is_told(url):
    with pytest.raises(EngineError):
        Server(Address(url, None)).get("/x")


def test_a_failing_server_can_still_be_asked_for_its_health():
    failing = {"status": "failing", "failing": ["database"]}

    assert server(lambda _request: httpx.Response(503, json=failing)).health() == failing
