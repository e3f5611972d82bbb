"""The HTTP server on the engine's own event loop: its sockets, its stop, its clock.

Signals belong to the process, not to the server.
"""

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from web.live.protocol import websocket_protocol
from web.live.wishes import LONGEST_MESSAGE
from web.one_write import OneWrite

BACKLOG = 2048
GRACE = 5
"""Seconds for answers under way when the server stops."""
TICK = 1.0
"""Seconds between two looks of the server at its own clock, for the Date header."""


class HttpProtocol(HttpToolsProtocol):
    """Answers with one write."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("asyncio.Transport", OneWrite(transport, self.loop)))


class HttpServer(uvicorn.Server):
    """Serves until `stop` is called."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=HttpProtocol,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws=cast("type[asyncio.Protocol]", websocket_protocol),
                ws_max_size=LONGEST_MESSAGE,
                # Text over a slow line gains by it what a server of many clients loses.
                ws_per_message_deflate=False,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self._stopping = asyncio.Event()
        self.listening = asyncio.Event()
        """Set once connections are taken."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    def stop(self) -> None:
        """Have `serve` return once the answers under way are sent, or GRACE is over."""
        self.should_exit = True
        self._stopping.set()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals alone: what they mean is decided for the whole process."""
        yield

    async def main_loop(self) -> None:
        """Wait for the stop; waking ten times a second, as the original does, costs idle CPU."""
        while not await self.on_tick(0):
            try:
                async with asyncio.timeout(TICK):
                    await self._stopping.wait()
            except TimeoutError:
                continue
