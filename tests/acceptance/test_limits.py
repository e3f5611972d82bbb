"""Limits hold for the whole process tree, and what ended a run is said with figures."""

import re
from collections.abc import Iterator

import pytest

from tests.acceptance.served import Served, eventually, served

MB = 1_000_000

HOG_IN_A_CHILD = """
import subprocess, sys
child = "import time; hog = bytearray(250_000_000); time.sleep(60)"
subprocess.run([sys.executable, "-c", child])
print("never reached")
"""

MODEST = """
hog = bytearray(20_000_000)
print("fine")
"""

CHATTY = """
import os, sys
os.write(1, b"first\\n")
line, left = b"x" * 99 + b"\\n", int(sys.argv[1])
block = line * 655
while left > 0:
    left -= os.write(1, block[:left])
os.write(1, b"last\\n")
"""

BUSY = """
import subprocess, sys, time
spin = "import time; end = time.monotonic() + 3\\nwhile time.monotonic() < end: pass"
children = [subprocess.Popen([sys.executable, "-c", spin]) for _ in range(2)]
for child in children:
    child.wait()
"""

TIDY = """
import signal, sys, time

def tidy(*_):
    print("tidied", flush=True)
    sys.exit(0)

signal.signal(signal.SIGTERM, tidy)
print("started", flush=True)
time.sleep(60)
"""

BY_SIGNAL = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    defaults = {"PYSCHED_DEFAULT_SCRIPT_TIMEOUT": "2", "PYSCHED_DEFAULT_MEMORY_LIMIT": "120"}
    long = "limits:\n  timeout: 10m\n"
    with served(tmp_path_factory.mktemp("limits"), env=defaults) as one:
        one.script("hog", HOG_IN_A_CHILD, f"{long}  memory: 100MB\n")
        one.script("default-hog", HOG_IN_A_CHILD, long)
        one.script("modest", MODEST, f"{long}  memory: 100MB\n")
        one.script("chatty", CHATTY, f"{long}  output: 1MB\n")
        one.script("busy", BUSY, f"{long}  cpu: 0.5\n")
        one.script("tidy", TIDY, long)
        one.script("in-line", TIDY, f"overlap: queue\n{long}")
        one.script("tidy-late", TIDY, "limits:\n  timeout: 1s\n")
        one.script("default-late", TIDY)
        one.script("segfault", BY_SIGNAL)
        one.script("exits", "import sys; sys.exit(int(sys.argv[1]))", "skip_exit_codes: [75]\n")
        one.script("tolerant", "import sys; sys.exit(3)", "success_exit_codes: [0, 3]\n")
        one.write("group/folder.yaml", "limits:\n  timeout: 1s\n")
        one.script("group/inherits", TIDY)
        one.start()
        one.ended(one.execute("modest"))
        yield one


@pytest.mark.parametrize(("script", "limit"), [("hog", 100), ("default-hog", 120)])
def test_a_memory_hog_in_a_child_ends_the_run_with_limit_and_peak(
    server: Served, script: str, limit: int
):
    run = server.ended(server.execute(script))

    assert run["status"] == "out_of_memory"
    told = re.fullmatch(r"limit (\d+) MB, peak (\d+) MB", run["reason"])
    assert told, run["reason"]
    assert int(told[1]) == limit < int(told[2])
    assert run["peak_memory_bytes"] > limit * MB
    assert "never reached" not in server.output(run["id"])


def test_a_run_below_its_memory_limit_is_left_alone(server: Served):
    run = server.ended(server.execute("modest"))

    assert run["status"] == "success"
    assert 20 * MB < run["peak_memory_bytes"] < 100 * MB


def output_is_cut(server: Served, written: int) -> None:
    run = server.ended(server.execute("chatty", str(written)), seconds=300)
    kept = server.output(run["id"])

    assert run["status"] == "success"
    assert run["output_bytes"] == written + len("first\nlast\n")
    assert run["output_cut"] == run["output_bytes"] - MB
    assert kept.startswith("first\nxxx")
    assert kept.endswith("x\nlast\n")
    notice = f"… {run['output_cut']:,} bytes cut …\n"
    assert kept.count(notice) == 1
    assert len(kept) - len(notice) == MB


def test_300_mb_of_output_are_cut_to_the_limit_with_a_notice(server: Served):
    output_is_cut(server, 300 * MB)
    frames = sum(file.stat().st_size for file in (server.data / "runs").rglob("*"))
    assert frames < 5 * MB


@pytest.mark.soak
@pytest.mark.timeout(400)
def test_a_gigabyte_of_output_is_cut_to_the_limit_with_a_notice(server: Served):
    output_is_cut(server, 1000 * MB)


def test_a_tree_gets_no_more_than_the_cores_it_was_granted(server: Served):
    run = server.ended(server.execute("busy"))

    assert run["status"] == "success"
    assert run["cpu_ms"] / run["duration_ms"] < 0.7


@pytest.mark.parametrize(
    ("script", "reason"),
    [("tidy-late", "limit 1s"), ("group/inherits", "limit 1s"), ("default-late", "limit 2s")],
)
def test_a_run_past_its_time_is_a_timeout_though_it_exits_with_zero(
    server: Served, script: str, reason: str
):
    run = server.ended(server.execute(script))

    assert (run["status"], run["reason"], run["exit_code"]) == ("timeout", reason, 0)
    assert server.output(run["id"]) == "started\ntidied\n"


def started(server: Served, script: str = "tidy") -> str:
    run_id = server.execute(script)
    eventually(lambda: server.output(run_id) == "started\n", what="the start")
    return run_id


def test_a_run_is_cancelled_over_http_and_may_tidy_up(server: Served):
    run_id = started(server)

    server.http.post(f"/api/runs/{run_id}/cancel").raise_for_status()
    run = server.ended(run_id)

    assert (run["status"], run["reason"]) == ("cancelled", "cancelled by default key")
    assert server.output(run_id) == "started\ntidied\n"


def test_a_run_is_cancelled_from_the_terminal(server: Served):
    run_id = started(server)

    said = server.command("cancel", run_id)

    assert run_id in said
    assert server.ended(run_id)["status"] == "cancelled"


def test_a_cancelled_run_that_waits_never_starts(server: Served):
    going = started(server, "in-line")
    waiting = server.execute("in-line")
    assert server.run(waiting)["status"] == "queued"

    server.command("cancel", waiting)
    run = server.ended(waiting)

    assert (run["status"], run["started_at"]) == ("cancelled", None)
    assert server.run(going)["status"] == "running"
    server.command("cancel", going)
    server.ended(going)


def test_cancelling_a_run_that_is_not_there_says_so(server: Served):
    assert "no run 'no-such-run'" in server.command("cancel", "no-such-run", code=1)


def test_a_signal_that_ended_a_script_is_named(server: Served):
    run = server.ended(server.execute("segfault"))

    assert (run["status"], run["reason"], run["exit_code"], run["signal"]) == (
        "failed",
        "SIGSEGV",
        -11,
        11,
    )


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [("0", "success", ""), ("3", "failed", "exit 3"), ("75", "skipped", "exit 75")],
)
def test_exit_codes_become_statuses(server: Served, code: str, status: str, reason: str):
    run = server.ended(server.execute("exits", code))

    assert (run["status"], run["reason"]) == (status, reason)


def test_a_tolerated_exit_code_is_a_success(server: Served):
    run = server.ended(server.execute("tolerant"))

    assert (run["status"], run["exit_code"]) == ("success", 3)
