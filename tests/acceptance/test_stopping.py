"""Stopping a server, and starting one where another is, was, or cannot be."""

import signal
import sqlite3
from pathlib import Path

import psutil
import pytest

from tests.acceptance.served import Served, eventually, free_port, lives

pytestmark = pytest.mark.timeout(120)

WAITING = """
import os, time
print(f"begun {os.getpid()}")
while not os.path.exists("go"):
    time.sleep(0.01)
print("done")
"""


def waiting_run(server: Served, *options: str) -> tuple[str, psutil.Process]:
    """Start a server with a run that goes on until the file `go` is there."""
    server.script("wait", WAITING, "stop_grace: 1s\n")
    server.start(*options)
    return begin(server)


def begin(server: Served) -> tuple[str, psutil.Process]:
    run_id = server.execute("wait")
    # Unbuffered, a line may come in pieces.
    begun = eventually(lambda: server.output(run_id).partition("\n")[1] and server.output(run_id))
    return run_id, psutil.Process(int(begun.split()[1]))


def signal_server(server: Served, number: signal.Signals = signal.SIGTERM) -> None:
    assert server.process is not None
    server.process.send_signal(number)


def exit_code(server: Served) -> int:
    assert server.process is not None
    return server.process.wait(40)


def test_a_new_engine_takes_the_place_of_the_old_one_and_runs_go_on(server: Served):
    run_id, process = waiting_run(server)
    first = eventually(server.engine, what="an engine")

    server.hang_up()
    first.wait(20)
    server.wait_until_up()

    assert server.is_running(run_id)["started_at"] is not None
    assert lives(process)
    server.write("wait/go", "")
    run = server.ended(run_id)
    assert (run["status"], server.output(run_id).splitlines()[1]) == ("success", "done")


def test_drain_waits_for_the_runs_that_go_and_starts_no_more(server: Served):
    server.script("late", "print('late')")
    run_id, _ = waiting_run(server, "--on-stop", "drain")

    signal_server(server)
    eventually(lambda: "finishing 1 run" in server.said(), what="a word about the wait")
    late = server.execute("late")
    server.write("wait/go", "")

    assert exit_code(server) == 0
    assert on_disk(server, run_id) == ("success", "")
    assert on_disk(server, late) == ("queued", "")
    server.start()
    assert server.ended(late)["status"] == "success"


def test_drain_ends_runs_when_its_time_is_up(server: Served):
    server.env["PYSCHED_RUNS__DRAIN_TIMEOUT"] = "1"
    run_id, process = waiting_run(server, "--on-stop", "drain")

    signal_server(server)

    assert exit_code(server) == 0
    assert not lives(process)
    assert on_disk(server, run_id) == ("cancelled", "server stopped")


def test_a_second_signal_ends_the_runs(server: Served):
    run_id, process = waiting_run(server, "--on-stop", "drain")

    signal_server(server, signal.SIGINT)
    eventually(lambda: "finishing 1 run" in server.said(), what="a word about the wait")
    signal_server(server, signal.SIGINT)

    assert exit_code(server) == 0
    assert not lives(process)
    assert on_disk(server, run_id) == ("cancelled", "server stopped")


def test_cancel_ends_runs_at_once_and_writes_that_down(server: Served):
    run_id, process = waiting_run(server, "--on-stop", "cancel")

    signal_server(server)

    assert exit_code(server) == 0
    assert not lives(process)
    assert on_disk(server, run_id) == ("cancelled", "server stopped")


def on_disk(server: Served, run_id: str) -> tuple[str, str]:
    """Return status and reason as the stopped server left them on disk."""
    with sqlite3.connect(server.data / "pysched.db") as database:
        return database.execute(
            "SELECT status, reason FROM runs WHERE id = ?", (run_id,)
        ).fetchone()


def test_runs_that_were_left_end_without_a_server_and_the_next_one_knows_how(server: Served):
    run_id, process = waiting_run(server, "--on-stop", "leave")
    runner = server.runner

    signal_server(server)
    eventually(lambda: not server.is_up(), what="the end of the server")
    assert lives(process)
    server.write("wait/go", "")
    runner.wait(20)
    server.start()

    run = server.ended(run_id)
    assert (run["status"], run["exit_code"]) == ("success", 0)
    assert server.output(run_id).splitlines()[1] == "done"


def test_a_new_server_takes_over_the_runs_that_were_left(server: Served):
    run_id, process = waiting_run(server, "--on-stop", "leave")
    old = server.runner
    signal_server(server)
    eventually(lambda: not server.is_up(), what="the end of the server")

    server.start("--on-stop", "drain")

    assert f"taking over the runs that process {old.pid} still watches" in server.said()
    assert server.run(run_id)["status"] == "running"
    server.write("wait/go", "")
    assert server.ended(run_id)["exit_code"] == 0
    (server.tree / "wait/go").unlink()
    second, _ = begin(server)
    signal_server(server)
    eventually(lambda: "finishing 1 run" in server.said(), what="a word about the wait")
    server.write("wait/go", "")
    assert exit_code(server) == 0
    assert on_disk(server, second) == ("success", "")
    old.wait(20)
    assert not lives(process)


def test_a_server_that_took_over_ends_runs_as_it_is_told(server: Served):
    run_id, process = waiting_run(server, "--on-stop", "leave")
    signal_server(server)
    eventually(lambda: not server.is_up(), what="the end of the server")
    old = server.runner
    server.start("--on-stop", "drain")

    signal_server(server, signal.SIGINT)
    eventually(lambda: "finishing 1 run" in server.said(), what="a word about the wait")
    signal_server(server, signal.SIGINT)

    assert exit_code(server) == 0
    assert on_disk(server, run_id) == ("cancelled", "server stopped")
    assert not lives(process)
    old.wait(20)


def test_a_server_that_came_too_late_to_take_over_becomes_a_whole_one(server: Served):
    run_id, _ = waiting_run(server, "--on-stop", "leave")
    old = server.runner
    signal_server(server)
    eventually(lambda: not server.is_up(), what="the end of the server")

    server.start(wait=False)
    eventually(lambda: "taking over" in server.said(), what="a word about the old server")
    server.write("wait/go", "")
    old.wait(20)

    server.wait_until_up()
    assert server.ended(run_id)["exit_code"] == 0
    assert eventually(server.engine, what="an engine under a runner of its own")


def test_sighup_makes_a_server_that_took_over_a_new_one(server: Served):
    run_id, process = waiting_run(server, "--on-stop", "leave")
    signal_server(server)
    eventually(lambda: not server.is_up(), what="the end of the server")
    server.start()

    server.hang_up()
    eventually(lambda: server.said().count("taking over") == 2, what="another take-over")
    server.wait_until_up()

    assert lives(process)
    server.write("wait/go", "")
    assert server.ended(run_id)["exit_code"] == 0


def test_a_server_that_took_over_becomes_a_whole_one_when_its_runner_dies(server: Served):
    run_id, process = waiting_run(server, "--on-stop", "leave")
    signal_server(server)
    eventually(lambda: not server.is_up(), what="the end of the server")
    old = server.process
    server.start()

    assert old is not None
    old.kill()

    eventually(server.engine, what="an engine under a runner of its own")
    server.wait_until_up()
    assert server.ended(run_id)["status"] == "interrupted"
    assert not lives(process)


def test_a_second_server_on_one_data_directory_is_refused(server: Served):
    server.script("wait", WAITING)
    server.start()

    code, words = server.refused()

    assert code == 1
    assert f"{server.data} is already served by process {server.runner.pid}" in words
    assert server.is_up()


def test_of_two_servers_that_start_together_one_is_refused(server: Served):
    server.start(wait=False)
    first = server.process
    server.port = free_port()
    server.start(wait=False)
    both = [first, server.process]

    def ended() -> list[int]:
        return [code for each in both if each is not None and (code := each.poll()) is not None]

    assert eventually(ended, what="the end of one") == [1]
    assert str(server.data) in server.said()


def test_a_third_server_is_refused_beside_one_that_took_over(server: Served):
    waiting_run(server, "--on-stop", "leave")
    signal_server(server)
    eventually(lambda: not server.is_up(), what="the end of the server")
    server.start()

    code, words = server.refused()

    assert code == 1
    assert f"{server.data} is already served by process {server.runner.pid}" in words
    assert server.is_up()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"not a database, but long enough to be one\n" * 40, id="foreign"),
        pytest.param(b"SQLite format 3\0" + b"\xff" * 8176, id="damaged"),
    ],
)
def test_a_database_that_cannot_be_used_ends_the_start(server: Served, content: bytes):
    database = server.data / "pysched.db"
    database.parent.mkdir()
    database.write_bytes(content)

    code, words = server.refused()

    assert code == 1
    assert str(database) in words
    assert words.count("error:") == 1
    assert "started again" not in words
    assert database.read_bytes() == content


def test_a_database_of_another_program_is_left_alone(server: Served):
    server.data.mkdir()
    with sqlite3.connect(server.data / "pysched.db") as database:
        database.execute("CREATE TABLE recipes (name TEXT)")

    code, words = server.refused()

    assert (code, words.count("error:")) == (1, 1)
    assert str(server.data / "pysched.db") in words


@pytest.mark.parametrize("where", ["scripts.txt/data", "data.txt"])
def test_a_data_directory_that_cannot_be_had_ends_the_start(server: Served, where: str):
    root = server.tree.parent
    (root / where.split("/")[0]).write_text("a file")
    server.data = root / where

    code, words = server.refused()

    assert code == 1
    assert words.startswith(f"error: the data directory {server.data} cannot be used: ")


def test_a_data_directory_that_cannot_be_written_ends_the_start(server: Served):
    # Nobody, not even root, may create files there.
    server.data = Path("/proc/sys")

    code, words = server.refused()

    assert code == 1
    assert words.startswith("error: the data directory /proc/sys cannot be used: ")
