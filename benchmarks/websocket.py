"""A WebSocket client with next to no cost of its own (RFC 6455)."""

import base64
import json
import os
import socket
from collections.abc import Iterator
from typing import Any

_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_FINAL, _MASKED = 0x80, 0x80
_CHUNK = 1 << 18


class WebSocket:
    """One connection; messages one after another."""

    def __init__(self, port: int, key: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        nonce = base64.b64encode(os.urandom(16)).decode()
        head = (
            "GET /ws HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {nonce}",
            f"X-API-Key: {key}",
        )
        self._socket.sendall("\r\n".join((*head, "", "")).encode())
        self._buffer = bytearray()
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        answer, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if b" 101 " not in answer.partition(b"\r\n")[0]:
            raise RuntimeError(answer.decode(errors="replace"))
        self._buffer = bytearray(rest)

    def subscribe(self, *subjects: object) -> None:
        self._send(_TEXT, json.dumps({"subscribe": subjects}).encode())

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield what the server tells; raises EOFError when it ends the connection."""
        while True:
            opcode, payload = self._frame()
            if opcode == _TEXT:
                yield json.loads(payload)
            elif opcode == _PING:
                self._send(_PONG, payload)
            elif opcode == _CLOSE:
                raise EOFError(payload[2:].decode(errors="replace"))

    def output(self) -> Iterator[str]:
        """Yield the output of the only run that is subscribed to, until its end."""
        for event in self.events():
            if event["type"] == "error":
                raise RuntimeError(event["detail"])
            if event["type"] == "output":
                yield event["data"]
                if event["finished"]:
                    return

    def close(self) -> None:
        self._socket.close()

    def _send(self, opcode: int, payload: bytes) -> None:
        # Masked with zeros, which change nothing.
        size = len(payload).to_bytes(2, "big")
        self._socket.sendall(bytes((_FINAL | opcode, _MASKED | 126)) + size + bytes(4) + payload)

    def _frame(self) -> tuple[int, bytes]:
        first, second = self._take(2)
        size = second
        if size == 126:
            size = int.from_bytes(self._take(2), "big")
        elif size == 127:
            size = int.from_bytes(self._take(8), "big")
        return first & 0x0F, self._take(size)

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _more(self) -> None:
        data = self._socket.recv(_CHUNK)
        if not data:
            raise EOFError("the server closed the connection")
        self._buffer += data
