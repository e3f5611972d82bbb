"""One connection to the runner: events in, lines out, no state but the bytes under way."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from engine.runner import protocol
from engine.runs.wire import Lines, encode


class Link(asyncio.Protocol):
    """Hands each event to `receive` in the loop turn that brought its last byte.

    A StreamReader would wake a task for each, which is slower than all the rest together.
    """

    def __init__(self, receive: "Callable[[Link, protocol.Event], None]") -> None:
        self._receive = receive
        self._lines = Lines()
        self._transport: asyncio.WriteTransport | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the connection is over; holds the exception that ended it, if any."""

    def send(self, operation: protocol.Operation) -> None:
        """Write one operation; it is in the kernel on return unless its buffer is full."""
        if self._transport is not None:
            self._transport.write(encode(operation))

    def fail(self, error: Exception) -> None:
        """End the connection because of `error`."""
        if not self.ended.done():
            self.ended.set_exception(error)
        self.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - narrows for pyright
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            for event in self._lines.feed(data):
                self._receive(self, event)
        except ValueError as error:
            self.fail(error)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        if not self.ended.done():
            self.ended.set_result(None)


async def open_link(socket: Path, receive: Callable[[Link, protocol.Event], None]) -> Link:
    """Connect to a socket, however long its path. Raises OSError."""
    loop = asyncio.get_running_loop()
    with protocol.reachable(socket) as address:
        _, link = await loop.create_unix_connection(lambda: Link(receive), address)
    return link
