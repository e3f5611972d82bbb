"""How the runner keeps the engine running, and how both end."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.integration.runner.runnerharness import Client, RunnerProcess, alive, until

PROGRAM = """
import json, os, pathlib, signal, socket, sys, time

note = pathlib.Path(sys.argv[1])
with note.open("a") as file:
    file.write(f"{os.getpid()}\\n")
engine = socket.socket(socket.AF_UNIX)
engine.connect(os.environ["PYSCHED_RUNNER_SOCKET"])
engine.sendall(b'{"op": "hello", "version": 1}\\n')
engine.recv(4096)
lives = len(note.read_text().split())
codes = json.loads(sys.argv[2])
if lives <= len(codes):
    os._exit(codes[lives - 1])
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
signal.signal(signal.SIGHUP, lambda *_: os._exit(0))
note.with_suffix(".ready").write_text("")
time.sleep(60)
"""


class Engine:
    """A program that connects, notes its pid, and ends with the given codes, then lives on."""

    def __init__(self, note: Path, *codes: int) -> None:
        self.note = note
        self.command = ("--", sys.executable, "-c", PROGRAM, str(note), json.dumps(codes))

    def pids(self) -> list[int]:
        return list(map(int, self.note.read_text().split())) if self.note.exists() else []

    def ready(self) -> int:
        """Wait until one lives on, and return its pid."""
        until(self.note.with_suffix(".ready").exists, "an engine that lives on")
        self.note.with_suffix(".ready").unlink()
        return self.pids()[-1]


@pytest.fixture
def note(tmp_path: Path) -> Path:
    return tmp_path / "engines"


def test_an_engine_that_dies_is_started_again(launch, note: Path):
    engine = Engine(note, 1, 9)
    runner = launch("--restart-delay", "0.02", *engine.command)

    engine.ready()

    assert len(engine.pids()) == 3
    runner.signal(signal.SIGTERM)
    assert runner.wait() == 0
    assert "the engine ended with 9; it is started again in 0.04 s" in runner.said()


def test_an_engine_that_is_killed_is_started_again(launch, note: Path):
    engine = Engine(note)
    runner = launch("--restart-delay", "0.02", *engine.command)
    first = engine.ready()
    os.kill(first, signal.SIGKILL)

    assert engine.ready() != first
    runner.signal(signal.SIGTERM)
    runner.wait()
    assert "the engine was killed by SIGKILL; it is started again in 0.02 s" in runner.said()


def test_a_clean_end_of_the_engine_ends_the_runner(launch, note: Path):
    assert launch(*Engine(note, 0).command).wait() == 0


@pytest.mark.parametrize(("code", "told"), [(2, 2), (3, 1)])
def test_a_start_that_would_fail_again_ends_the_runner(launch, code: int, told: int):
    runner = launch("--", sys.executable, "-c", f"raise SystemExit({code})")

    assert runner.wait() == told


def test_an_engine_that_worked_before_is_tried_again_even_if_it_cannot_start(launch, note: Path):
    engine = Engine(note, 1, 2)
    launch("--restart-delay", "0.02", *engine.command)

    engine.ready()

    assert len(engine.pids()) == 3


def test_an_engine_that_does_not_exist_ends_the_runner(launch):
    runner = launch("--", "/nowhere/engine")

    assert runner.wait() == 1
    assert "/nowhere/engine: No such file or directory" in runner.said()


def test_sighup_replaces_the_engine_and_leaves_the_runs(launch, note: Path):
    engine = Engine(note)
    runner = launch("--restart-delay", "20", *engine.command)
    first = engine.ready()
    client = runner.client()
    client.start("one", "import time; time.sleep(60)")
    client.event("started", "one")
    runner.signal(signal.SIGHUP)

    assert engine.ready() != first
    assert not alive(first)
    assert [run["id"] for run in runner.client().list()["live"]] == ["one"]


def test_drain_waits_for_runs(launch, note: Path):
    engine = Engine(note)
    runner = launch("--on-stop", "drain", *engine.command)
    engine.ready()
    client = runner.client()
    directory = client.start("one", "import time; time.sleep(0.5)")
    client.event("started", "one")
    runner.signal(signal.SIGTERM)

    assert runner.wait() == 0
    report = json.loads((directory / "exit.json").read_text())
    assert (report["exit_code"], report["ended_by"]) == (0, None)


def test_drain_ends_runs_when_its_time_is_up(launch):
    runner = launch("--on-stop", "drain", "--drain-timeout", "0.2")
    client = runner.client()
    directory = client.start("one", "import time; time.sleep(60)")
    client.event("started", "one")
    runner.signal(signal.SIGTERM)

    assert runner.wait() == 0
    assert json.loads((directory / "exit.json").read_text())["ended_by"] == "shutdown"


def test_a_draining_runner_starts_nothing_new(launch):
    runner = launch()
    client = runner.client()
    client.start("one", "import time; time.sleep(0.5)")
    client.event("started", "one")
    runner.signal(signal.SIGTERM)
    until(lambda: _stops(client), "a start that is turned down")

    assert not (client.data / "runs/two").exists()


def test_cancel_ends_runs_at_once(launch):
    runner = launch("--on-stop", "cancel")
    client = runner.client()
    directory = client.start("one", "import time; time.sleep(60)")
    client.event("started", "one")
    runner.signal(signal.SIGTERM)

    assert runner.wait() == 0
    assert json.loads((directory / "exit.json").read_text())["ended_by"] == "shutdown"


def test_the_exit_event_reaches_the_engine_before_the_runner_goes(launch):
    runner = launch("--on-stop", "cancel")
    client = runner.client()
    client.start("one", "import time; time.sleep(60)")
    client.event("started", "one")
    runner.signal(signal.SIGINT)

    assert client.exit("one")["ended_by"] == "shutdown"


def test_a_second_signal_cancels_what_is_being_drained(launch):
    runner = launch("--on-stop", "drain")
    client = runner.client()
    directory = client.start("one", "import time; time.sleep(60)")
    client.event("started", "one")
    runner.signal(signal.SIGTERM)
    until(lambda: _stops(client), "the drain to begin")
    runner.signal(signal.SIGINT)

    assert runner.wait() == 0
    assert json.loads((directory / "exit.json").read_text())["ended_by"] == "shutdown"


def test_leave_lets_runs_end_without_an_engine(launch, note: Path):
    engine = Engine(note)
    runner = launch("--on-stop", "leave", *engine.command)
    pid = engine.ready()
    client = runner.client()
    directory = client.start("one", "import time; time.sleep(0.5); print('done')")
    client.event("started", "one")
    client.close()
    runner.signal(signal.SIGTERM)

    assert runner.wait() == 0
    assert not alive(pid)
    assert json.loads((directory / "exit.json").read_text())["exit_code"] == 0


def test_the_lock_tells_how_the_runner_is_stopping(launch):
    runner = launch("--on-stop", "leave")
    client = runner.client()
    client.start("one", "import time; time.sleep(60)")
    client.event("started", "one")
    lock = client.data / "runner.lock"
    before = lock.read_text().split()
    runner.signal(signal.SIGTERM)
    until(lambda: lock.read_text().split() != before, "a note of the stop")

    assert (before, lock.read_text().split()) == (
        [str(runner.pid)],
        [str(runner.pid), "leave"],
    )
    runner.signal(signal.SIGTERM)
    assert client.exit("one")["ended_by"] == "shutdown"
    assert lock.read_text().split() == [str(runner.pid), "cancel"]


def test_a_new_engine_keeps_a_leaving_runner_until_it_goes(launch):
    runner = launch("--on-stop", "leave")
    first = runner.client()
    first.start("one", "import time; time.sleep(0.4)")
    first.event("started", "one")
    first.close()
    runner.signal(signal.SIGTERM)

    second = runner.client()
    assert second.exit("one")["exit_code"] == 0
    assert second.run("two")["exit_code"] == 0
    second.close()
    assert runner.wait() == 0


def test_the_engine_may_end_the_runner(runner: RunnerProcess):
    client = runner.client()
    client.start("one", "import time; time.sleep(60)")
    client.event("started", "one")
    client.send(op="stop", mode="cancel")

    assert client.exit("one")["ended_by"] == "shutdown"
    assert runner.wait() == 0


def test_the_socket_goes_with_the_runner(runner: RunnerProcess):
    runner.client()
    runner.signal(signal.SIGTERM)
    runner.wait()

    assert [each.name for each in runner.data.iterdir()] == ["runner.lock"]


def test_a_stale_socket_does_not_stop_the_next_runner(launch, tmp_path: Path):
    first = launch(data=tmp_path / "shared")
    first.client()
    first.process.kill()
    first.wait()

    assert launch(data=tmp_path / "shared").client().list()["live"] == []


def test_the_engine_of_a_runner_that_was_killed_is_ended_by_the_next(launch, note: Path):
    engine = Engine(note)
    first = launch(*engine.command, data=note.parent / "shared")
    pid = engine.ready()
    first.process.kill()
    first.wait()

    launch(data=note.parent / "shared").client()

    until(lambda: not alive(pid), "the end of the old engine")


def _stops(client: Client) -> bool:
    client.send(op="start", id="two")
    return "stopping" in client.event("error", "two")["message"]
