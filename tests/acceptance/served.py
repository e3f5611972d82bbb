"""A real `pysched serve` over a tree of its own, as a user would start it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

T = TypeVar("T")
KEY = "acceptance-key"
PYSCHED = Path(sys.executable).parent / "pysched"
QUIET = {
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
    "PYSCHED_FAILPOINT",
    "PYSCHED_FAILPOINT_FILE",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(look: Callable[[], T | None], *, seconds: float = 20.0, what: str = "it") -> T:
    """Return the first truthy answer of `look`; fail when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen in {seconds:g} s")
        time.sleep(0.02)


class Served:
    """One server: its processes, its tree, its API."""

    def __init__(self, directory: Path, *, env: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self.tree = directory / "scripts"
        self.data = directory / "data"
        self.tree.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {k: v for k, v in os.environ.items() if k not in QUIET}
        self.env |= {"PYSCHED_DEFAULT_API_KEY": KEY, "NO_COLOR": "1", **(env or {})}
        self.http = httpx.Client(base_url=self.url, headers={"X-API-Key": KEY}, timeout=20)
        self.process: subprocess.Popen[bytes] | None = None
        self.started: list[subprocess.Popen[bytes]] = []
        self.log = directory / "serve.log"

    # The tree

    def write(self, path: str, text: str) -> Path:
        file = self.tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def script(self, script: str, code: str, manifest: str = "") -> Path:
        """Make a script directory; the main file is there before its manifest."""
        name = script.rsplit("/", 1)[-1]
        self.write(f"{script}/{name}.py", code)
        if manifest:
            self.write(f"{script}/script.yaml", manifest)
        return self.tree / script

    # The processes

    def start(self, *options: str, wait: bool = True, under: Sequence[str] = ()) -> None:
        """Serve; `under` is a command that becomes the server, such as `unshare -Ur`."""
        command = [*under, str(PYSCHED), "serve", str(self.tree), "--data", str(self.data)]
        command += ["--port", str(self.port), *options]
        with self.log.open("ab") as log:
            # In a directory of its own: the server reads and writes `pysched.yaml` there.
            self.process = subprocess.Popen(
                command, env=self.env, stdout=log, stderr=log, cwd=self.directory
            )
        self.started.append(self.process)
        if wait:
            self.wait_until_up()

    def wait_until_up(self, seconds: float = 60.0) -> None:
        eventually(self._is_up_or_over, seconds=seconds, what="an answer of the server")

    def _is_up_or_over(self) -> bool:
        assert self.process is not None
        code = self.process.poll()
        assert code is None, f"the server ended with {code}: {self.said()}"
        return self.is_up()

    def is_up(self) -> bool:
        try:
            return self.http.get("/api/health").status_code == 200
        except httpx.HTTPError:
            return False

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""

    @property
    def runner(self) -> psutil.Process:
        """The process that `serve` became."""
        assert self.process is not None
        return psutil.Process(self.process.pid)

    def engine(self) -> psutil.Process | None:
        """The engine's process, None while there is none."""
        for child in self.runner.children():
            with suppress(psutil.NoSuchProcess):
                # One that is dead and not yet waited for has no command line.
                if "web.cli.engine" in child.cmdline():
                    return child
        return None

    def kill_engine(self) -> None:
        engine = eventually(self.engine, what="an engine to kill")
        engine.kill()
        engine.wait(10)

    def kill_server(self) -> None:
        """Kill the process that `serve` became, and nothing else."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def hang_up(self) -> None:
        """Ask for a new engine."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def refused(self, *options: str) -> tuple[int, str]:
        """Start another server on the same tree and data, and return its exit code and words."""
        command = [str(PYSCHED), "serve", str(self.tree), "--data", str(self.data)]
        done = subprocess.run(
            [*command, "--port", str(free_port()), *options],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def stop(self, *, seconds: float = 40.0) -> int:
        """Ask the server to stop, as Ctrl-C does, and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def end(self) -> None:
        """Leave nothing behind, whatever the test did."""
        self.http.close()
        for started in reversed(self.started):
            if started.poll() is None:
                family = psutil.Process(started.pid).children(recursive=True)
                started.kill()
                for process in family:
                    with_suppressed_kill(process)
                started.wait(10)
        for process in self.orphans():
            with_suppressed_kill(process)

    def orphans(self) -> list[psutil.Process]:
        """Return what a killed server left: engines and runs that know its data directory."""
        data = str(self.data)
        return [
            process
            for process in psutil.process_iter()
            if any(data in value for value in _variables(process).values())
        ]

    def command(self, *arguments: str, code: int | None = 0, under: Sequence[str] = ()) -> str:
        """Run another `pysched` command against this server and return what it printed."""
        done = subprocess.run(
            [*under, str(PYSCHED), *arguments],
            env={
                **self.env,
                "PYSCHED_DATA_PATH": str(self.data),
                "PYSCHED_SCRIPTS_PATH": str(self.tree),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert code is None or done.returncode == code, f"{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    # The API

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        answer.raise_for_status()
        return answer.json()

    def execute(self, script: str, *args: str) -> str:
        answer = self.http.post(f"/api/scripts/{script}/execute", json={"args": list(args)})
        assert answer.status_code == 202, answer.text
        return answer.json()["run_id"]

    def run(self, run_id: str) -> dict[str, Any]:
        return self.get(f"/api/runs/{run_id}")

    def is_running(self, run_id: str) -> dict[str, Any]:
        """Return the run once it runs."""

        def look() -> dict[str, Any] | None:
            run = self.run(run_id)
            return run if run["status"] == "running" else None

        return eventually(look, what=f"the start of {run_id}")

    def ended(self, run_id: str, seconds: float = 30.0) -> dict[str, Any]:
        """Return the run once it is over."""

        def look() -> dict[str, Any] | None:
            run = self.run(run_id)
            return run if run["status"] not in {"queued", "running"} else None

        return eventually(look, seconds=seconds, what=f"the end of {run_id}")

    def output(self, run_id: str, **query: Any) -> str:
        answer = self.http.get(f"/api/runs/{run_id}/output", params=query)
        answer.raise_for_status()
        return answer.text

    def runs(self, **query: Any) -> list[dict[str, Any]]:
        """Return all runs that a filter lets through, newest first."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.get(
                "/api/runs", limit=200, **query, **({"cursor": cursor} if cursor else {})
            )
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def succeeded(self, script: str, **wait: Any) -> dict[str, Any]:
        """Return the newest successful run of a script, once there is one."""

        def look() -> list[dict[str, Any]]:
            return self.runs(script=script, status="success")

        return eventually(look, what=f"a success of {script}", **wait)[0]

    def scripts(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        cursor: str | None = None
        while True:
            page = self.get("/api/scripts", limit=200, **({"cursor": cursor} if cursor else {}))
            found |= {script["id"]: script for script in page["items"]}
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def script_is(
        self, script: str, look: Callable[[dict[str, Any]], bool], **wait: Any
    ) -> dict[str, Any]:
        """Return the script once it looks as wanted."""

        def now() -> dict[str, Any] | None:
            answer = self.http.get(f"/api/scripts/{script}")
            if answer.status_code == 404:
                return None
            found = answer.json()
            return found if look(found) else None

        return eventually(now, what=f"the state of {script}", **wait)


def _variables(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}


def without_roots_powers() -> tuple[str, ...]:
    """Return the command under which permissions hold for root as for everybody."""
    if os.geteuid() != 0:
        return ()
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")


def lives(process: psutil.Process) -> bool:
    """Say whether a process still does something; a zombie that nobody waited for does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def with_suppressed_kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


@contextmanager
def served(directory: Path, **options: Any) -> Iterator[Served]:
    server = Served(directory, **options)
    try:
        yield server
    finally:
        server.end()


def as_json(text: str) -> Any:
    return json.loads(text)
