"""A real runner process and a plain client of its socket, for the tests beside this file."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.runner.frames import read_frames
from engine.runner.protocol import SOCKET_NAME, reachable

MAIN = Path(__file__).resolve().parents[3] / "engine" / "runner" / "__main__.py"
PATIENCE = 20.0

Message = dict[str, Any]


def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Return the first true value of `condition`."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.005)
    raise AssertionError(f"waited in vain for {what}")


def alive(pid: int) -> bool:
    """Say whether a process exists and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


class Client:
    """What an engine does on the socket, without an engine."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        try:
            with reachable(data / SOCKET_NAME) as address:
                self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise
        self._file = self.socket.makefile("rb")
        self.seen: list[Message] = []

    def send(self, **message: object) -> None:
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def hello(self) -> Message:
        self.send(op="hello", version=1)
        return self.event("hello")

    def next(self) -> Message:
        event = json.loads(next(self._file))
        self.seen.append(event)
        return event

    def event(self, kind: str, run: str | None = None) -> Message:
        """Read up to an event of this kind, of this run, also among those read before."""
        for event in self.seen:
            if _is(event, kind, run):
                self.seen.remove(event)
                return event
        while True:
            event = self.next()
            if _is(event, kind, run):
                self.seen.remove(event)
                return event

    def start(self, run: str, code: str = "", **changes: object) -> Path:
        """Ask for a run of Python code and return its directory."""
        directory = self.data / "runs" / run
        request: Message = {
            "id": run,
            "script": "some/script",
            "directory": str(directory),
            "argv": [sys.executable, "-u", "-c", code],
            "cwd": str(self.data),
            "env": {"PATH": os.environ["PATH"]},
            "timeout_ms": None,
            "memory": None,
            "cpu": None,
            "processes": None,
            "output": None,
            "grace_ms": 300,
            "merge": False,
        }
        self.send(op="start", **(request | changes))
        return directory

    def exit(self, run: str) -> Message:
        return self.event("exit", run)["report"]

    def run(self, run: str, code: str = "", **changes: object) -> Message:
        self.start(run, code, **changes)
        return self.exit(run)

    def list(self) -> Message:
        self.send(op="list")
        return self.event("list")

    def output(self, run: str, stream: int | None = None) -> bytes:
        frames = read_frames(self.data / "runs" / run)
        return b"".join(each.data for each in frames if stream in (None, each.stream))

    def close(self) -> None:
        self._file.close()
        self.socket.close()


def _is(event: Message, kind: str, run: str | None) -> bool:
    return event["event"] == kind and run in (
        None,
        event.get("id"),
        event.get("report", {}).get("id"),
    )


class RunnerProcess:
    """A runner on a data directory."""

    def __init__(self, data: Path, *options: str, **environment: str) -> None:
        self.data = data
        self.clients: list[Client] = []
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(MAIN), "--data", str(data), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def client(self, *, hello: bool = True) -> Client:
        """Connect a new client, once the socket is there."""
        client = until(self._connect, "the socket of the runner")
        self.clients.append(client)
        if hello:
            client.hello()
        return client

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def said(self) -> str:
        """Return what it and its engine printed; once it is over."""
        return self.process.communicate(timeout=PATIENCE)[0].decode()

    def end(self) -> None:
        if self.process.poll() is None:
            # Three signals to stop: drain, cancel, kill.
            for _ in range(3):
                self.process.send_signal(signal.SIGTERM)
                time.sleep(0.02)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.communicate()
        for client in self.clients:
            client.close()

    def _connect(self) -> Client | None:
        if self.process.poll() is not None:
            raise AssertionError(f"the runner ended: {self.said()}")
        try:
            return Client(self.data)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
