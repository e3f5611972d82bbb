"""The engine process with a fake engine: start, address, messages, stop."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

PROGRAM = """
import sys
from pathlib import Path
from engine.errors import UnsafeTree
from engine.model.event import RunChanged
from engine.model.run import RunStatus
from schemas.settings import Settings
from tests.fakes.engine import FakeEngine, a_health, a_run, a_script
from web.cli.failure import guarded
from web.cli.serving import serve_engine

options = dict(option.split("=", 1) for option in sys.argv[1:])
settings = Settings.model_validate({
    "server": {"port": int(options.get("port", 0))},
    "paths": {"scripts": Path(options["data"]) / "scripts", "data": Path(options["data"])},
    "log": {"format": options.get("format", "text")},
    "api_key": options.get("key"),
}, strict=False)
engine = FakeEngine().add(a_script("etl/load"))
if "running" in options:
    engine.state = a_health(running=1)
if "fails" in options:
    engine.refusal = UnsafeTree("the tree cannot be read")

async def execute(script_id, **_):
    run = a_run(script=script_id, status=RunStatus.FAILED, reason="exit 3", attempt=2)
    engine.publish(RunChanged(run))
    engine.state = a_health()
    engine.publish(RunChanged(run))
    return run.id

engine.execute = execute
sys.exit(guarded(lambda: sys.exit(serve_engine(settings, lambda *_, **__: engine))))
"""

ROOT = Path(__file__).resolve().parents[3]


class Process:
    def __init__(self, data: Path, **options: str) -> None:
        self.data = data
        arguments = [f"{name}={value}" for name, value in {"data": str(data), **options}.items()]
        self.popen = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=ROOT,
            env=os.environ | {"NO_COLOR": "1", "PYTHONUTF8": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []

    def until(self, pattern: str) -> re.Match[str]:
        for line in self.popen.stdout:
            self.lines.append(line)
            found = re.search(pattern, line)
            if found:
                return found
        raise AssertionError(f"no {pattern!r} in {''.join(self.lines)}{self.popen.stderr.read()}")

    def noted(self):
        return json.loads((self.data / "server.json").read_text())

    def execute(self) -> httpx.Response:
        found = self.noted()
        return httpx.post(
            f"{found['url']}/api/scripts/etl/load/execute", headers={"X-API-Key": found["key"]}
        )

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        self.popen.send_signal(number)
        output, error = self.popen.communicate(timeout=15)
        return self.popen.returncode, output, error


@pytest.fixture
def start(tmp_path):
    started: list[Process] = []

    def begin(**options: str) -> Process:
        process = Process(tmp_path, **options)
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.popen.poll() is None:
            process.popen.kill()
            process.popen.communicate()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A server that only answers, shared by the tests that ask nothing more of it."""
    process = Process(tmp_path_factory.mktemp("data"))
    process.until("log ")
    yield process
    process.end()


def test_the_real_address_is_printed_and_noted(running):
    url = running.noted()["url"]

    assert (f"serving  {url}\n" in running.lines, httpx.get(f"{url}/api/health").json()) == (
        True,
        {"status": "ok"},
    )


def test_the_note_with_the_key_is_for_its_owner_alone(running):
    assert stat.S_IMODE((running.data / "server.json").stat().st_mode) == 0o600


def test_without_a_key_of_its_own_the_server_makes_one_and_says_how_to_set_one(running):
    assert (running.execute().status_code, "PYSCHED_DEFAULT_API_KEY" in "".join(running.lines)) == (
        202,
        True,
    )


def test_a_key_of_its_own_opens_and_is_not_spoken_of(start):
    process = start(key="s3cret")
    process.until("log ")

    assert (process.noted()["key"], "s3cret" in "".join(process.lines)) == ("s3cret", False)


def test_the_start_tells_what_was_found(running):
    assert "scripts  1 script, 1 with triggers, 1 folder\n" in running.lines


def test_each_run_is_one_line(running):
    running.execute()

    assert running.until(
        r"^\d\d:\d\d:\d\d ✗ etl/load  failed, exit 3 after 2 s, attempt 2  20261124T120000-\w+$"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_and_removes_the_note(start, number):
    process = start()
    process.until("log ")

    code, output, error = process.end(number)

    assert (code, output, error, (process.data / "server.json").exists()) == (
        0,
        "stopped\n",
        "",
        False,
    )


def test_a_stop_waits_for_the_runs_that_go_on(start):
    process = start(running="1")
    process.until("log ")
    process.popen.send_signal(signal.SIGTERM)
    process.until("finishing 1 run, Ctrl-C again to stop them now")
    process.execute()

    assert process.until("stopped")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_second_signal_waits_for_nothing(start, number):
    process = start(running="1")
    process.until("log ")
    process.popen.send_signal(signal.SIGTERM)
    process.until("finishing 1 run")

    assert process.end(number)[0] == 0


def test_json_is_json_alone(start):
    process = start(format="json")
    process.until('"tree in force"')
    process.execute()
    process.until('"run ended"')
    code, output, error = process.end()

    lines = [json.loads(line) for line in [*process.lines, *output.splitlines()]]
    ended = next(line for line in lines if line["message"] == "run ended")
    assert (code, error, ended["run_id"], ended["script_id"]) == (
        0,
        "",
        "20261124T120000-abcdef123456",
        "etl/load",
    )


def test_the_log_file_knows_each_run(start):
    process = start()
    process.until("log ")
    process.execute()
    process.end()

    lines = (process.data / "logs" / "pysched.log").read_text().splitlines()
    assert "run ended" in [json.loads(line)["message"] for line in lines]


def test_a_port_in_use_is_a_sentence(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(port=str(port))
        _, error = process.popen.communicate(timeout=15)

    assert (process.popen.returncode, error) == (
        3,
        f"error: port {port} on 127.0.0.1 is in use by another program; "
        "stop that one, or choose another port with --port (0 takes a free one)\n",
    )


def test_an_engine_that_cannot_start_says_why(start):
    process = start(fails="1")
    _, error = process.popen.communicate(timeout=15)

    assert (process.popen.returncode, error) == (3, "error: the tree cannot be read\n")


def test_a_server_whose_address_cannot_be_noted_serves_all_the_same(start, tmp_path):
    (tmp_path / "server.json").mkdir()
    process = start()
    url = process.until(r"serving  (\S+)")[1]

    answer = httpx.get(f"{url}/api/health")

    assert (answer.status_code, process.end()[0]) == (200, 0)
    assert "commands on this machine will not find the server" in _logged(tmp_path)


def _logged(data: Path) -> str:
    return (data / "logs" / "pysched.log").read_text()
