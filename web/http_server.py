"""The HTTP server on the engine's own event loop: its socket, its stop, its address.

The socket is bound by us, before anything is started, so that a port in use is a
sentence and not a trace, and so that port 0 has its real number. Signals belong to
the process, not to the server.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from engine.errors import EngineError

BACKLOG = 2048
GRACE = 5
"""Seconds for answers under way when the server stops."""
TICK = 1.0
"""Seconds between two looks of the server at its own clock, for the Date header."""
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  addresses to compare with, not to bind


class CannotListen(EngineError):
    """The address cannot be had; the message says why and what to do."""

    code = "cannot_listen"


def bind(host: str, port: int) -> socket.socket:
    """Reserve an address; nobody is answered yet. Raises CannotListen."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise CannotListen(
            f"server.host {host!r} is no address of this machine: {error}"
        ) from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise CannotListen(_reason(error, host, port)) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the URL under which this machine reaches the server."""
    bound: tuple[str, int] = listener.getsockname()[:2]
    host, port = ANY.get(bound[0], bound[0]), bound[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is in use by another program; "
            "stop that one, or choose another port with --port (0 takes a free one)"
        )
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this account has; choose one above 1023"
    return f"cannot listen on {host}, port {port}: {os.strerror(error.errno or 0)}"


class HttpServer(uvicorn.Server):
    """Serves until `stop` is called."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
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
