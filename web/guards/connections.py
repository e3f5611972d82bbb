"""One connection, held to bounds that the HTTP server itself has not.

The parser takes headers without end, and a connection that never finishes its first line
would stay for ever; 10,000 of either cost one caller nothing and the server its memory and
its file descriptors. When all connections are taken, the one that has been idle for longest
gives way, so that many who only sit there keep nobody out.
"""

import asyncio
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from web.errors import HttpProblem, answer
from web.guards.headers import dressed
from web.one_write import OneWrite

HEAD_SECONDS = 20.0
"""For the first line and the headers of a request."""
MOST_HEADERS = 100
MOST_HEAD_BYTES = 32_768
"""Address and headers together."""

_TOO_MANY = HttpProblem(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "headers_too_large",
    f"a request may have {MOST_HEADERS} headers and {MOST_HEAD_BYTES} bytes before its body",
)
_NO_HTTP = HttpProblem(HTTPStatus.BAD_REQUEST, "bad_request", "this is no HTTP request")
_TOO_SLOW = HttpProblem(
    HTTPStatus.REQUEST_TIMEOUT,
    "request_too_slow",
    f"the headers did not arrive within {HEAD_SECONDS:g} s",
)
_FULL = HttpProblem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "too_many_connections",
    "all connections are in use; try again in a moment",
    headers={"Retry-After": "1"},
)


class TooMuch(Exception):
    """Stops the parser."""


class HttpProtocol(HttpToolsProtocol):
    """Answers with one write, and only to what keeps to the bounds."""

    most_connections = 1_000

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("asyncio.Transport", OneWrite(transport, self.loop)))
        self.idle_since = self.loop.time()
        self._head_bytes = 0
        self._refusal = _NO_HTTP
        self._head_timer: asyncio.TimerHandle | None = None
        self._expect_head()
        if len(self.connections) > self.most_connections and not self._make_room():
            self._refuse(_FULL)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_bytes and self._head_timer is None and not self.transport.is_closing():
            # Only a head that came in pieces needs a clock.
            self._expect_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 1

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)
        if len(self.headers) > MOST_HEADERS:
            self._stop()

    def on_headers_complete(self) -> None:
        self._head_bytes = 0
        self._head_is_there()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """Answer what cannot be parsed with a problem document instead of the server's own text."""
        self._refuse(self._refusal)

    def on_response_complete(self) -> None:
        self.idle_since = self.loop.time()
        super().on_response_complete()

    @property
    def is_idle(self) -> bool:
        """Say whether no request is under way."""
        cycle: Any = self.cycle
        return cycle is None or cycle.response_complete

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MOST_HEAD_BYTES:
            self._stop()

    def _stop(self) -> None:
        self._refusal = _TOO_MANY
        raise TooMuch

    def _expect_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _head_is_there(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if self._head_bytes:
            self._refuse(_TOO_SLOW)
        else:
            self.transport.close()

    def _make_room(self) -> bool:
        """Close the connection on which nothing goes on for longest; False when there is none."""
        others = (each for each in self.connections if isinstance(each, HttpProtocol))
        resting = [each for each in others if each.is_idle and each is not self]
        if not resting:
            return False
        idle = min(resting, key=lambda each: each.idle_since)
        self.connections.discard(idle)
        idle.transport.close()
        return True

    def _refuse(self, problem: HttpProblem) -> None:
        if self.transport.is_closing():
            return
        response = answer(problem, {})
        headers = dressed(
            [*response.raw_headers, (b"connection", b"close")],
            path="",
            scheme=self.scheme or "http",
            request_id=b"-",
        )
        lines = [f"HTTP/1.1 {problem.status.value} {problem.status.phrase}".encode()]
        lines += [name + b": " + value for name, value in headers]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(response.body)]))
        self.transport.close()
