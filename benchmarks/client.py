"""A caller with one kept-alive connection and next to no cost of its own.

A comfortable client takes a millisecond a request, which would be counted as the
server's. This one writes a prepared request and reads the answer off the socket.
"""

import json
import select
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

LARGEST = 1 << 16


class Connection:
    """Requests one after another; raises RuntimeError for an answer that is no success."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._head = f"Host: 127.0.0.1:{port}\r\nX-API-Key: {key}\r\n"
        self._socket = self._connect()
        self._buffer = b""

    def _connect(self) -> socket.socket:
        connected = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def get(self, path: str, **query: object) -> Any:
        """Return the answer's JSON."""
        return json.loads(self.raw("GET", _with(path, query)))

    def post(self, path: str, **query: object) -> Any:
        return json.loads(self.raw("POST", _with(path, query)))

    def text(self, path: str, **query: object) -> str:
        return self.raw("GET", _with(path, query)).decode()

    def raw(self, method: str, target: str) -> bytes:
        """Return the body of the answer."""
        self.send(method, target)
        status, headers = self.read_head()
        body = self._exactly(int(headers["content-length"]))
        if not 200 <= status < 300:
            raise RuntimeError(f"{method} {target}: {status} {body.decode(errors='replace')}")
        return body

    def send(self, method: str, target: str) -> None:
        if self._was_closed():
            self._socket.close()
            self._socket = self._connect()
        length = "Content-Length: 0\r\n" if method == "POST" else ""
        self._socket.sendall(f"{method} {target} HTTP/1.1\r\n{self._head}{length}\r\n".encode())

    def read_head(self) -> tuple[int, dict[str, str]]:
        """Return status and headers; names in lower case."""
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self.receive()
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        return int(first.split()[1]), headers

    def follow(self, target: str) -> Iterator[bytes]:
        """Yield the chunks of an answer that goes on for as long as there is news."""
        self.send("GET", target)
        status, headers = self.read_head()
        if status != 200 or headers.get("transfer-encoding") != "chunked":
            raise RuntimeError(f"{target}: {status} {headers}")
        while chunk := self._chunk():
            yield chunk

    def _chunk(self) -> bytes:
        """Return the next chunk of a chunked answer, nothing at its end (RFC 9112 §7.1)."""
        while b"\r\n" not in self._buffer:
            self._buffer += self.receive()
        size, self._buffer = self._buffer.split(b"\r\n", 1)
        return self._exactly(int(size, 16) + 2)[:-2]

    def receive(self) -> bytes:
        """Return what comes next. Raises EOFError at the end."""
        data = self._socket.recv(LARGEST)
        if not data:
            raise EOFError("the server closed the connection")
        return data

    def _exactly(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._buffer += self.receive()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return body

    def _was_closed(self) -> bool:
        """Say whether the server let go of the connection because it was idle."""
        readable, _, _ = select.select([self._socket], [], [], 0)
        return bool(readable) and not self._socket.recv(1, socket.MSG_PEEK)

    def close(self) -> None:
        self._socket.close()


def _with(path: str, query: dict[str, object]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
