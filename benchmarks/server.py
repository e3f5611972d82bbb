"""A real `pysched serve`, started as a user would start it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.client import Connection

KEY = "benchmark-key"
PYSCHED = Path(sys.executable).parent / "pysched"
_POLL = 0.003
_PATIENCE = 120.0
_SLOWS_DOWN = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPROFILEIMPORTTIME"}


class Server:
    """One server over `directory/scripts` with its data in `directory/data`."""

    def __init__(self, directory: Path) -> None:
        self.tree = directory / "scripts"
        self.data = directory / "data"
        self.tree.mkdir(parents=True, exist_ok=True)
        self.port = _free_port()
        self._log = directory / "serve.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._api: Connection | None = None

    def start(self) -> float:
        """Start it and return the seconds until it answered, when all is scheduled."""
        command = [str(PYSCHED), "serve", str(self.tree), "--data", str(self.data)]
        command += ["--port", str(self.port)]
        env = {name: value for name, value in os.environ.items() if name not in _SLOWS_DOWN}
        env |= {"PYSCHED_DEFAULT_API_KEY": KEY}
        with self._log.open("ab") as log:
            began = time.monotonic()
            self._process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
            self._wait_until_up(began)
        return time.monotonic() - began

    def _wait_until_up(self, began: float) -> None:
        while True:
            with suppress(OSError, EOFError):
                self._api = Connection(self.port, KEY)
                self._api.get("/api/health")
                return
            if self.runner_exited or time.monotonic() > began + _PATIENCE:
                raise RuntimeError(f"the server did not start: {self._log.read_text()[-2000:]}")
            time.sleep(_POLL)

    @property
    def runner_exited(self) -> bool:
        return self._process is None or self._process.poll() is not None

    @property
    def api(self) -> Connection:
        if self._api is None:
            raise RuntimeError("the server was not started")
        return self._api

    def connect(self) -> Connection:
        """Return a connection beside `api`, for another thread."""
        return Connection(self.port, KEY)

    @property
    def runner_pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the server was not started")
        return self._process.pid

    @property
    def engine_pid(self) -> int:
        """The runner's only child as long as nothing runs."""
        pid = self.runner_pid
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(child)

    def wait_until(self, path: str, holds: Callable[[Any], bool]) -> Any:
        """Ask for a path until `holds` is true of the answer, and return that."""
        deadline = time.monotonic() + _PATIENCE
        while not holds(found := self.api.get(path)):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{path}: still {found} after {_PATIENCE:g} s")
            time.sleep(0.02)
        return found

    def wait_until_built(self, script: str) -> Path:
        """Wait for the environment of a script and return its interpreter."""
        self.wait_until(
            f"/api/scripts/{script}", lambda found: found["environment"]["state"] == "ready"
        )
        return Path(os.path.realpath(self.tree / script / ".venv")) / "bin" / "python"

    def stop(self) -> None:
        if self._api is not None:
            self._api.close()
            self._api = None
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None


@contextmanager
def serving(directory: Path) -> Generator[Server]:
    """Start a server over the tree that is there, and stop it in the end."""
    server = Server(directory)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
