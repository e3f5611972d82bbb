"""A runner that is only its socket: tests decide what it says, also what no real one would."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.runner import protocol


class RunnerServer:
    """Listens where a runner would; `answers` are given to hello and list."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.received: list[dict[str, Any]] = []
        self.hello: dict[str, Any] | None = {
            "event": "hello",
            "version": protocol.VERSION,
            "pid": 4711,
            "boot": "boot-1",
            "capabilities": {"memory": "sampled"},
        }
        """None: a runner that hangs."""
        self.list: dict[str, Any] = {"event": "list", "live": [], "ended": []}
        self.before_list: list[dict[str, Any]] = []
        """What happens to be said between greeting and list."""
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._changed = asyncio.Event()

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, str(self.socket))

    async def close(self) -> None:
        """End as a killed runner does: connections break, the socket file stays."""
        if self._server is not None:
            self._server.close()
            self.drop()
            await self._server.wait_closed()
            self._server = None

    def drop(self) -> None:
        """Break all connections and go on listening."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def say(self, *events: dict[str, Any]) -> None:
        self.say_bytes(b"".join(json.dumps(event).encode() + b"\n" for event in events))

    def say_bytes(self, data: bytes) -> None:
        self._writers[-1].write(data)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something arrived that makes the condition true."""
        while not condition():
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), 10)

    def ops(self) -> list[str]:
        return [message["op"] for message in self.received]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        self._changed.set()
        try:
            while line := await reader.readline():
                message = json.loads(line)
                self.received.append(message)
                if message["op"] == "hello" and self.hello is not None:
                    self.say(self.hello)
                elif message["op"] == "list":
                    self.say(*self.before_list, self.list)
                self._changed.set()
        except ConnectionError:
            return
        finally:
            writer.close()
