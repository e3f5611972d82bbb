"""Connections of the real HTTP server that do not keep to its bounds."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from tests.fakes.engine import FakeEngine
from tests.integration.cli.served import KEY, Served, serving
from web.guards import connections
from web.guards.connections import MOST_HEADERS
from web.guards.exchange import BodyLimits
from web.guards.guard import GuardOptions

SECONDS = 10


@pytest.fixture
def server() -> Iterator[Served]:
    with serving(FakeEngine()) as found:
        yield found


def connected(server: Served) -> socket.socket:
    host, _, port = server.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), SECONDS)


def rest(connection: socket.socket) -> tuple[int, str]:
    """Return status and code of what comes until the server hangs up; 0 for nothing."""
    heard = b""
    try:
        while piece := connection.recv(65536):
            heard += piece
    except ConnectionResetError:
        pass
    if not heard:
        return 0, ""
    head, _, body = heard.partition(b"\r\n\r\n")
    assert b"x-content-type-options: nosniff" in head
    return int(head.split()[1]), json.loads(body)["code"]


def said(server: Served, *pieces: bytes) -> tuple[int, str]:
    with closing(connected(server)) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return rest(connection)


def test_what_is_no_http_is_told_so(server: Served):
    assert said(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n") == (
        400,
        "bad_request",
    )


@pytest.mark.parametrize("path", [b"/\xff\xfe", b"/a\x00b", b"", b"http://[::1", b"*"])
def test_an_address_that_cannot_be_read_is_the_callers_mistake(server: Served, path):
    with closing(connected(server)) as connection:
        connection.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        status, _ = rest(connection)

    assert 400 <= status < 500


def test_headers_without_end_are_refused(server: Served):
    headers = b"".join(b"X-%d: y\r\n" % number for number in range(10_000))

    assert said(server, b"GET / HTTP/1.1\r\nHost: x\r\n" + headers) == (431, "headers_too_large")


def test_one_header_more_than_is_allowed_is_refused(server: Served):
    headers = b"".join(b"X-%d: y\r\n" % number for number in range(MOST_HEADERS + 1))

    assert said(server, b"GET / HTTP/1.1\r\n" + headers + b"\r\n") == (431, "headers_too_large")


def test_as_many_headers_as_are_allowed_are_taken(server: Served):
    headers = b"".join(b"X-%d: y\r\n" % number for number in range(MOST_HEADERS - 2))
    request = b"GET /api/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + b"\r\n"

    assert said(server, request) == (404, "not_found")


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000 + b"\r\n\r\n",
    ],
)
def test_a_head_of_many_bytes_is_refused(server: Served, request_):
    assert said(server, request_) == (431, "headers_too_large")


def test_two_lengths_are_refused(server: Served):
    request = (
        b"POST /api/reconcile HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    )

    assert said(server, request)[0] == 400


@pytest.mark.parametrize(
    ("pieces", "answer"),
    [
        ((), (0, "")),
        ((b"GET / HT",), (408, "request_too_slow")),
        ((b"GET / HTTP/1.1\r\n", b"Host: x\r\n"), (408, "request_too_slow")),
    ],
)
def test_a_head_that_does_not_come_is_given_up(server: Served, monkeypatch, pieces, answer):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)

    assert said(server, *pieces) == answer


def test_a_second_request_has_its_own_time(server: Served, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    first = b"GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n"
    with closing(connected(server)) as connection:
        connection.sendall(first)
        assert b"200 OK" in connection.recv(65536)
        connection.sendall(b"GET / HT")

        assert rest(connection) == (408, "request_too_slow")


def test_a_body_that_was_given_up_ends_the_connection():
    options = GuardOptions(bodies=BodyLimits(seconds=0.2))
    head = b"POST /api/reconcile HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\n" % KEY.encode()
    with serving(FakeEngine(), guarded=options) as server:
        assert said(server, head + b"Content-Length: 9\r\n\r\n{") == (408, "body_too_slow")


def test_an_idle_connection_gives_way_to_a_new_one():
    with serving(FakeEngine(), most_connections=3) as server, ExitStack() as opened:
        idle = [opened.enter_context(closing(connected(server))) for _ in range(5)]
        newest = opened.enter_context(closing(connected(server)))
        newest.sendall(b"GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n")

        assert b"200 OK" in newest.recv(65536)
        assert idle[0].recv(1) == b""


def test_connections_that_are_all_in_use_give_way_to_none():
    head = b"POST /api/reconcile HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\n" % KEY.encode()
    with serving(FakeEngine(), most_connections=2) as server, ExitStack() as opened:
        for _ in range(2):
            busy = opened.enter_context(closing(connected(server)))
            busy.sendall(head + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n")
            assert b"100 Continue" in busy.recv(65536)

        assert said(server) == (503, "too_many_connections")
