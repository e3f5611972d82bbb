"""`kill -9` of the whole server: its runs are interrupted, none of their processes is left."""

import psutil
import pytest

from tests.acceptance.served import Served, eventually, lives

pytestmark = pytest.mark.timeout(120)

ENDLESS = """
import os, subprocess, sys, time
child = subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(600)"], env={}, start_new_session=True
)
print(f"{os.getpid()} {child.pid}")
time.sleep(600)
"""
MANIFESTS = {
    "plain": "",
    "again": "retry: {attempts: 2, delay: 0s, when: [interrupted]}\n",
    "other": "retry: {attempts: 2, delay: 0s, when: [failed, timeout]}\n",
}


def processes(server: Served, run_id: str) -> list[psutil.Process]:
    def written() -> str:
        text = server.output(run_id)
        return text if text.endswith("\n") else ""

    text = eventually(written, what="the run's first line")
    return [psutil.Process(int(pid)) for pid in text.split()]


def endless_runs(server: Served) -> tuple[dict[str, str], list[psutil.Process]]:
    """Start a server and a run of each script; return the runs and all their processes."""
    for name, manifest in MANIFESTS.items():
        server.script(name, ENDLESS, manifest)
    server.start()
    runs = {name: server.execute(name) for name in MANIFESTS}
    found = [process for run_id in runs.values() for process in processes(server, run_id)]
    return runs, found


def test_the_engine_ends_with_its_runner(server: Served):
    server.start()
    engine = eventually(server.engine, what="an engine")

    server.kill_server()

    eventually(lambda: not lives(engine), what="the engine's end")
    assert "the runner above the engine died" in server.said()


@pytest.mark.parametrize("engine_too", [False, True], ids=["server", "server-and-engine"])
def test_runs_of_a_killed_server_are_interrupted_and_retried_only_if_asked(
    server: Served, engine_too: bool
):
    runs, found = endless_runs(server)
    engine = eventually(server.engine, what="an engine")
    if engine_too:
        engine.suspend()
    server.kill_server()
    if engine_too:
        engine.kill()
    eventually(lambda: not lives(engine), what="the engine's end")

    server.start()

    ended = {name: server.ended(run_id) for name, run_id in runs.items()}
    assert {(run["status"], run["reason"]) for run in ended.values()} == {
        ("interrupted", "the runner died under it")
    }
    assert not [process for process in found if lives(process)]
    retried = eventually(lambda: server.runs(status="running"), what="a retry")
    assert [(run["script"], run["cause"], run["attempt"]) for run in retried] == [
        ("again", "retry", 2)
    ]
    assert len(server.runs()) == len(runs) + 1


def test_a_server_that_is_killed_while_its_engine_is_down_leaves_nothing_running(server: Served):
    server.env["PYSCHED_RUNS__ENGINE_RESTART_DELAY"] = "60"
    runs, found = endless_runs(server)
    server.kill_engine()
    server.kill_server()

    server.start()

    assert {server.ended(run_id)["status"] for run_id in runs.values()} == {"interrupted"}
    assert not [process for process in found if lives(process)]
