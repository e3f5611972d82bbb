"""The HTTP server on the engine's own event loop: its sockets, its stop, its clock.

Signals belong to the process, not to the server.
"""

import asyncio
import resource
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

import uvicorn
from fastapi import FastAPI

from web.guards.connections import HttpProtocol
from web.live.protocol import websocket_protocol
from web.live.wishes import LONGEST_MESSAGE

BACKLOG = 2048
GRACE = 5
"""Seconds for answers under way when the server stops."""
OTHER_FILES = 512
"""Open files beside the connections: databases, output that is read, the watcher."""
TICK = 1.0
"""Seconds between two looks of the server at its own clock, for the Date header."""


def allow_files(connections: int) -> None:
    """Raise this process's own bound of open files, as far as it may, to hold that many more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        highest = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, highest), hard))


class HttpServer(uvicorn.Server):
    """Serves until `stop` is called."""

    def __init__(self, app: FastAPI, *, most_connections: int = 1_000) -> None:
        class Protocol(HttpProtocol):
            pass

        Protocol.most_connections = most_connections
        allow_files(most_connections)
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
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
