"""The engine may die at any moment: runs, their output, limits and exit codes do not notice."""

from pathlib import Path

import pytest

from tests.acceptance.served import Served, eventually

LINES = 300
PRINTING = f"""
import os, sys, time
with open(os.environ["STARTS"], "a") as starts:
    starts.write(os.environ["PYSCHED_RUN_ID"] + "\\n")
name = os.environ["PYSCHED_SCRIPT"]
for n in range({LINES}):
    print(name, "line", n, flush=True)
    time.sleep(0.01)
sys.exit(int(name.rpartition("-")[2]))
"""
LOUD = """
import os, time
while not os.path.exists("go"):
    time.sleep(0.01)
print("begin")
for _ in range(5_000):
    print("x" * 1_000)
print("the end")
"""


def printed(script: str) -> str:
    return "".join(f"{script} line {n}\n" for n in range(LINES))


def starts(server: Served) -> list[str]:
    """Return the runs that started, as the scripts wrote it down themselves."""
    file = server.data / "starts"
    return file.read_text().split() if file.exists() else []


def printing_runs(server: Served, count: int) -> dict[str, str]:
    """Start a server with so many scripts, and a run of each; return them when all have begun."""
    server.env["PYSCHED_RUNS__MAX_CONCURRENT"] = str(count)
    server.data.mkdir(exist_ok=True)
    server.write("folder.yaml", f"env:\n  STARTS: {server.data / 'starts'}\n")
    for number in range(count):
        server.script(f"print-{number}", PRINTING)
    server.start()
    runs = {f"print-{n}": server.execute(f"print-{n}") for n in range(count)}
    eventually(lambda: len(starts(server)) == count, what=f"{count} starts")
    return runs


def check_all(server: Served, runs: dict[str, str]) -> None:
    """Compare every run's start, exit code and output with what its script did."""
    for script, run_id in runs.items():
        run = server.ended(run_id, 60)
        assert run["exit_code"] == int(script.rpartition("-")[2]), run
        assert server.output(run_id) == printed(script), script
    assert sorted(starts(server)) == sorted(runs.values())


@pytest.mark.timeout(180)
def test_an_engine_that_is_killed_amid_fifty_printing_runs_loses_nothing(server: Served):
    runs = printing_runs(server, 50)

    server.kill_engine()
    server.wait_until_up()

    check_all(server, runs)


@pytest.mark.timeout(120)
def test_an_engine_that_is_killed_again_and_again_loses_nothing(server: Served):
    server.env["PYSCHED_RUNS__ENGINE_RESTART_DELAY"] = "0"
    runs = printing_runs(server, 8)

    for _ in range(4):
        server.kill_engine()
    server.wait_until_up()

    check_all(server, runs)


@pytest.mark.timeout(120)
def test_an_engine_that_is_down_past_the_end_of_all_runs_learns_how_they_ended(server: Served):
    server.env["PYSCHED_RUNS__ENGINE_RESTART_DELAY"] = "60"
    runs = printing_runs(server, 8)

    server.kill_engine()
    for run_id in runs.values():
        eventually(end_of(server, run_id).exists, seconds=60, what=f"the end of {run_id}")
    assert server.engine() is None
    server.hang_up()
    server.wait_until_up()

    check_all(server, runs)


def end_of(server: Served, run_id: str) -> Path:
    return server.data / "runs" / run_id[:6] / run_id / "exit.json"


def test_time_and_output_limits_are_enforced_while_the_engine_is_down(server: Served):
    server.env["PYSCHED_RUNS__ENGINE_RESTART_DELAY"] = "60"
    server.script("slow", "import time; time.sleep(60)", "limits: {timeout: 4s}\n")
    server.script("loud", LOUD, "limits: {output: 1MB}\n")
    server.start()
    slow, loud = server.execute("slow"), server.execute("loud")
    for run_id in (slow, loud):
        server.is_running(run_id)

    server.kill_engine()
    server.write("loud/go", "")
    for run_id in (slow, loud):
        eventually(end_of(server, run_id).exists, what=f"the end of {run_id}")
    assert server.engine() is None
    server.hang_up()
    server.wait_until_up()

    timed_out = server.ended(slow)
    assert (timed_out["status"], timed_out["reason"]) == ("timeout", "limit 4s")
    assert 4000 <= timed_out["duration_ms"] < 8000
    kept = server.output(loud)
    assert server.ended(loud)["status"] == "success"
    assert kept.startswith("begin\n")
    assert kept.endswith("the end\n")
    assert 900_000 < len(kept) < 1_100_000
