"""A client of a WebSocket of the application, in process: what a browser would see of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

PATIENCE = 5.0


class Closed(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class SocketClient:
    """Takes messages one by one; while `reading` is cleared it takes none."""

    def __init__(self) -> None:
        self.reading = asyncio.Event()
        self.reading.set()
        self.sent = asyncio.Queue[dict[str, Any]]()
        self.received = asyncio.Queue[dict[str, Any]]()

    async def send(self, **message: Any) -> None:
        await self.send_text(json.dumps(message))

    async def send_text(self, text: str) -> None:
        await self.sent.put({"type": "websocket.receive", "text": text})

    async def next(self) -> dict[str, Any]:
        """Return the next event; raises Closed when the server ended the connection."""
        async with asyncio.timeout(PATIENCE):
            message = await self.received.get()
        if message["type"] == "websocket.close":
            raise Closed(message["code"], message["reason"])
        return json.loads(message["text"])

    async def next_of(self, kind: str) -> dict[str, Any]:
        """Return the next event of that type; others before it are passed over."""
        while (event := await self.next())["type"] != kind:
            pass
        return event

    async def subscribe(self, *subjects: object) -> dict[str, Any]:
        await self.send(subscribe=list(subjects))
        return await self.next_of("subscribed")

    def waiting(self) -> int:
        return self.received.qsize()

    async def _take(self, message: dict[str, Any]) -> None:
        await self.reading.wait()
        await self.received.put(message)


@asynccontextmanager
async def connected(
    app: FastAPI, *, headers: Mapping[str, str] | None = None
) -> AsyncIterator[SocketClient]:
    """Connect; the connection is accepted when this begins, and over when it ends."""
    client = SocketClient()
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "scheme": "ws",
        "path": "/ws",
        "raw_path": b"/ws",
        "query_string": b"",
        "root_path": "",
        "headers": [
            (name.lower().encode(), value.encode())
            for name, value in ({"Host": "test"} | dict(headers or {})).items()
        ],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
        "subprotocols": [],
        "state": {},
        "extensions": {},
    }
    await client.sent.put({"type": "websocket.connect"})
    serving = asyncio.create_task(app(scope, client.sent.get, client._take))
    try:
        async with asyncio.timeout(PATIENCE):
            first = await client.received.get()
        assert first["type"] == "websocket.accept", first
        yield client
    finally:
        client.reading.set()
        await client.sent.put({"type": "websocket.disconnect", "code": 1005})
        async with asyncio.timeout(PATIENCE):
            await serving
