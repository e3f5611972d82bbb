"""Watching a real server over its WebSocket: kills, slow clients, many clients, strangers."""

import asyncio
import base64
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.acceptance.served import KEY, Served, as_json, eventually, served

LINES = """
import pathlib
import sys
import time
signals = pathlib.Path(sys.argv[1])
for part in range(3):
    for number in range(2_000):
        print("part", part, "line", number, "äöü€")
    while part < 2 and not (signals / f"go on after {part}").exists():
        time.sleep(0.01)
"""
ALL_LINES = [f"part {part} line {number} äöü€\n" for part in range(3) for number in range(2_000)]
MEGABYTES = """
import time
began = time.monotonic()
line = "x" * 99 + "\\n"
import sys
for _ in range(5_000):
    sys.stdout.write(line * 100)
"""
CLIENTS = 200


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("live")) as one:
        one.script("lines", LINES)
        one.script("megabytes", MEGABYTES)
        one.script("etl/short", "print('short')")
        one.start()
        one.script_is("lines", lambda found: found["environment"]["state"] == "ready")
        yield one


def address(server: Served) -> str:
    return f"ws://127.0.0.1:{server.port}/ws"


def connected(server: Served, key: str = KEY, **headers: str) -> ClientConnection:
    sent = {"X-API-Key": key} | {name.title(): value for name, value in headers.items()}
    return connect(address(server), additional_headers=sent, open_timeout=20)


def ask(client: ClientConnection, **message: Any) -> None:
    client.send(json.dumps(message))


def event(client: ClientConnection, kind: str) -> dict[str, Any]:
    """Return the next event of that type."""
    while True:
        found = json.loads(client.recv(timeout=20))
        if found["type"] == kind:
            return found


class Follower:
    """Follows one run over as many connections as it takes."""

    def __init__(self, server: Served, run: str) -> None:
        self.server = server
        self.run = run
        self.text = ""
        self.offset = 0
        self.connections = 0
        self.finished = False

    def follow(self, *, until: int | None = None) -> None:
        """Go on from where it stands, until the end or until so much was read."""
        deadline = time.monotonic() + 60
        while not self.finished:
            assert time.monotonic() < deadline, f"at {self.offset} after 60 s"
            with suppress(OSError, WebSocketException, TimeoutError), connected(self.server) as one:
                self.connections += 1
                ask(one, subscribe=[{"run": self.run, "offset": self.offset}])
                while not self.finished:
                    self._take(event(one, "output"))
                    if until is not None and len(self.text) >= until:
                        return

    def _take(self, part: dict[str, Any]) -> None:
        assert part["offset"] == self.offset
        self.text += part["data"]
        self.offset = part["next_offset"]
        self.finished = part["finished"]


class Mute:
    """A client that asks for a run's output and then never reads anything."""

    def __init__(self, server: Served, *subjects: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port))
        nonce = base64.b64encode(os.urandom(16)).decode()
        head = (
            "GET /ws HTTP/1.1",
            "Host: 127.0.0.1",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {nonce}",
            f"X-API-Key: {KEY}",
        )
        self._socket.sendall("\r\n".join((*head, "", "")).encode())
        assert b" 101 " in self._socket.recv(4096).partition(b"\r\n")[0]
        message = json.dumps({"subscribe": subjects}).encode()
        # Masked with zeros, which change nothing (RFC 6455 §5.3).
        self._socket.sendall(bytes([0x81, 0x80 | len(message)]) + bytes(4) + message)

    def __enter__(self) -> "Mute":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def memory_of(server: Served) -> int:
    engine = server.engine()
    assert engine is not None
    return psutil.Process(engine.pid).memory_full_info().uss


def test_nothing_is_missing_or_doubled_when_the_engine_is_killed_and_clients_come_back(
    server: Served, tmp_path: Path
):
    follower = Follower(server, server.execute("lines", str(tmp_path)))
    for part in range(2):
        follower.follow(until=part * 50_000 + 10_000)
        server.kill_engine()
        (tmp_path / f"go on after {part}").touch()
    follower.follow()

    assert follower.text == "".join(ALL_LINES)
    assert follower.connections >= 3
    assert server.output(follower.run) == follower.text


def test_a_client_that_reads_nothing_neither_slows_a_run_nor_fills_the_memory(server: Served):
    alone = server.ended(server.execute("megabytes"))["duration_ms"]
    before = memory_of(server)
    run = server.execute("megabytes")
    most = before
    with Mute(server, "runs", f"run:{run}"), Mute(server, "tree", f"run:{run}"):
        while server.run(run)["status"] in {"queued", "running"}:
            most = max(most, memory_of(server))
            time.sleep(0.02)
        watched = server.run(run)

    assert watched["output_bytes"] == 50_000_000
    assert watched["duration_ms"] < 2 * alone + 1000
    assert (most - before) / 1e6 < 30


def test_two_hundred_clients_see_a_run_end(server: Served):
    async def watch() -> list[str]:
        async with asyncio.timeout(60):
            clients = await asyncio.gather(
                *(
                    connect_async(address(server), additional_headers={"X-API-Key": KEY})
                    for _ in range(CLIENTS)
                )
            )
            for client in clients:
                await client.send('{"subscribe": ["runs"]}')
                await client.recv()
            run = await asyncio.to_thread(server.execute, "etl/short")
            ends = await asyncio.gather(*(end_of(client, run) for client in clients))
            await asyncio.gather(*(client.close() for client in clients))
            return ends

    async def end_of(client: Any, run: str) -> str:
        async for message in client:
            told = json.loads(message).get("run", {})
            if told.get("id") == run and told["status"] not in {"queued", "running"}:
                return told["status"]
        return "closed"

    assert asyncio.run(watch()) == ["success"] * CLIENTS


@pytest.mark.parametrize(
    ("key", "headers", "code"),
    [
        (KEY, {"origin": "http://evil.example"}, 4403),
        ("a wrong key", {}, 4401),
    ],
)
def test_strangers_are_sent_away(server: Served, key: str, headers: dict[str, str], code: int):
    with connected(server, key, **headers) as client, pytest.raises(ConnectionClosed) as closed:
        client.recv(timeout=20)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code


def test_a_key_that_is_taken_back_ends_its_connections(server: Served):
    secret = as_json(server.command("key", "add", "leaver", "--role", "viewer", "--json"))["secret"]
    with connected(server, secret) as client:
        ask(client, subscribe=["runs"])
        event(client, "subscribed")
        server.command("key", "remove", "leaver")
        began = time.monotonic()
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=20)

    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, time.monotonic() - began < 10) == (4401, True)


def test_a_change_of_the_tree_is_told(server: Served):
    with connected(server) as client:
        ask(client, subscribe=["tree"])
        assert event(client, "tree")["scripts"] == []
        server.script("new-one", "print('new')", "enabled: false\n")

        def named() -> bool:
            return "new-one" in event(client, "tree")["scripts"]

        eventually(named, what="news of the new script")


def test_the_server_stops_without_waiting_for_clients(server: Served):
    run = server.execute("megabytes")
    with connected(server) as client, Mute(server, f"run:{run}"):
        ask(client, subscribe=["runs"])
        event(client, "subscribed")
        server.ended(run)
        began = time.monotonic()
        code = server.stop()
        took = time.monotonic() - began
        with pytest.raises(ConnectionClosed) as closed:
            event(client, "nothing more")

    assert (code, took < 5) == (0, True)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
