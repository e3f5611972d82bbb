"""The engine's door: one Unix socket, JSON lines, one engine at a time.

Nothing that comes in can stop the runner: a line that is no JSON object is
answered with `error`, one beyond `_LONGEST` ends the connection. An engine that
does not read is dropped before it costs memory; on its return the list tells it all.
"""

import json
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from engine.runner.loop import READ, WRITE, Loop
from engine.runner.protocol import SOCKET_NAME, reachable
from engine.runner.say import say

_LONGEST = 8 << 20
_CHUNK = 1 << 16

Message = dict[str, object]


class Connection:
    """One accepted socket, with its half-read line and what it has not taken yet."""

    def __init__(self, server: "Server", peer: socket.socket) -> None:
        self.peer = peer
        self._server = server
        self._incoming = bytearray()
        self._outgoing = bytearray()

    @property
    def congested(self) -> bool:
        return bool(self._outgoing)

    def ready(self) -> None:
        """Send and receive what can be."""
        if self._outgoing:
            self.flush()
        self._read()

    def _read(self) -> None:
        try:
            data = self.peer.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._server.drop(self)
            return
        self._incoming += data
        *lines, rest = self._incoming.split(b"\n") if b"\n" in data else (self._incoming,)
        self._incoming = bytearray(rest)
        for line in lines:
            self._server.receive(self, bytes(line))
        if len(self._incoming) > _LONGEST:
            self.send({"event": "error", "message": f"a line may have {_LONGEST} bytes"})
            self._server.drop(self)

    def send(self, event: Mapping[str, object]) -> None:
        waiting = bool(self._outgoing)
        self._outgoing += json.dumps(event).encode() + b"\n"
        if not waiting:
            self.flush()
        if len(self._outgoing) > _LONGEST:
            say("the engine does not read, its connection is dropped")
            self._server.drop(self)

    def flush(self) -> None:
        try:
            sent = self.peer.send(self._outgoing)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._outgoing.clear()
            self._server.drop(self)
            return
        del self._outgoing[:sent]
        self._server.want(self, READ | WRITE if self._outgoing else READ)


class Server:
    """Listens in the data directory; `handle` gets the messages of the engine in charge."""

    def __init__(
        self,
        loop: Loop,
        data: Path,
        handle: Callable[[Message], None],
        on_drop: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._handle = handle
        self._on_drop = on_drop
        self._path = data / SOCKET_NAME
        self._connections: set[Connection] = set()
        self._engine: Connection | None = None
        self._current: Connection | None = None
        self._listener = self._listen()
        self._watch_listener()

    @property
    def connected(self) -> bool:
        """Whether an engine is in charge."""
        return self._engine is not None

    @property
    def congested(self) -> bool:
        return self._engine is not None and self._engine.congested

    def emit(self, event: Mapping[str, object]) -> None:
        """Send an event to the engine in charge, if there is one."""
        if self._engine:
            self._engine.send(event)

    def answer(self, event: Mapping[str, object]) -> None:
        """Send an event to whoever sent the message that is being handled."""
        if self._current:
            self._current.send(event)

    def take_charge(self) -> None:
        """Make the sender of the message being handled the engine; it replaces the one before."""
        before, self._engine = self._engine, self._current
        if before and before is not self._engine:
            self.drop(before)

    def close(self) -> None:
        """Hand over what was sent, for at most a second, and end all connections."""
        self._path.unlink(missing_ok=True)
        for connection in list(self._connections):
            if connection.congested:
                connection.peer.settimeout(1.0)
                connection.flush()
            connection.peer.close()
        self._listener.close()

    def receive(self, connection: Connection, line: bytes) -> None:
        """Handle one line; of whatever is wrong with it, the sender is told."""
        if connection not in self._connections or not line.strip():
            return
        self._current = connection
        try:
            message: object = json.loads(line)
            if not isinstance(message, dict):
                raise ValueError("a message must be a JSON object")
            self._handle(cast("Message", message))
        except (ValueError, RecursionError) as error:
            connection.send({"event": "error", "message": f"message not understood: {error}"})
        finally:
            self._current = None

    def drop(self, connection: Connection) -> None:
        """End a connection; once."""
        if connection not in self._connections:
            return
        self._connections.discard(connection)
        self._loop.unwatch(connection.peer.fileno())
        connection.peer.close()
        if self._engine is connection:
            self._engine = None
            self._on_drop()

    def want(self, connection: Connection, events: int) -> None:
        """Be called when a connection can be read, or also written."""
        if connection in self._connections:
            self._loop.watch(connection.peer.fileno(), connection.ready, events)

    def _listen(self) -> socket.socket:
        """Bind the socket; a stale one may go, for the caller holds the lock."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        mask = os.umask(0o177)
        try:
            with reachable(self._path) as address:
                listener.bind(address)
        finally:
            os.umask(mask)
        listener.listen(16)
        return listener

    def _watch_listener(self) -> None:
        self._loop.watch(self._listener.fileno(), self._accept)

    def _accept(self) -> None:
        try:
            peer, _ = self._listener.accept()
        except OSError as error:
            say(f"a connection could not be accepted: {error}")
            self._loop.unwatch(self._listener.fileno())
            self._loop.call_in(1.0, self._watch_listener)
            return
        peer.settimeout(0)
        connection = Connection(self, peer)
        self._connections.add(connection)
        self.want(connection, READ)
