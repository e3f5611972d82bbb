"""No process of a run outlives it, whatever it does to get away."""

import time
from collections.abc import Iterator
from uuid import uuid4

import psutil
import pytest

from tests.acceptance.served import Served, eventually, served

DOUBLE_FORK = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        os.chdir("/")
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.execve(sys.executable, [sys.argv[1], "-c", "import time; time.sleep(3000)"], {})
    os._exit(0)
os.wait()
time.sleep(0.3)
print("left behind")
"""

DAEMON_THAT_HOLDS_THE_OUTPUT = """
import subprocess, sys
subprocess.Popen(
    [sys.argv[1], "-c", "import time; time.sleep(3000)"],
    executable=sys.executable, env={}, start_new_session=True,
)
print("left behind")
"""

PIPELINE = """
import subprocess, sys
token = sys.argv[1]
subprocess.Popen(f"yes {token} | grep -v {token}-no | (exec -a {token} sleep 3000) & "
                 f"(exec -a {token} sleep 3000) & wait", shell=True, executable="/bin/bash")
import time; time.sleep(0.5)
print("left behind")
"""

IGNORES_SIGTERM = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(3000)"
subprocess.Popen([sys.argv[1], "-c", child], executable=sys.executable)
print("deaf", flush=True)
while True:
    time.sleep(1)
"""

# Bounded for the machine's sake: each fork uses up one of 300 permits, and nobody lives 20 s.
FORK_BOMB = """
import os, sys, time
permits, fill = os.pipe()
os.write(fill, b"x" * 300)
os.set_blocking(permits, False)
end = time.monotonic() + 20
while time.monotonic() < end:
    try:
        if not os.read(permits, 1):
            break
    except BlockingIOError:
        time.sleep(0.05)
        continue
    if os.fork() == 0:
        os.setsid()
    time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("survivors")) as one:
        one.script("double-fork", DOUBLE_FORK)
        one.script("holds-output", DAEMON_THAT_HOLDS_THE_OUTPUT)
        one.script("pipeline", PIPELINE)
        one.script("deaf", IGNORES_SIGTERM, "stop_grace: 1s\n")
        one.script("late", IGNORES_SIGTERM, "stop_grace: 1s\nlimits:\n  timeout: 1s\n")
        one.script("bomb", FORK_BOMB, "limits:\n  processes: 30\n")
        one.script("harmless", "print('fine')")
        one.start()
        one.ended(one.execute("harmless"))
        yield one


def bearing(token: str) -> list[psutil.Process]:
    """Return the living processes that bear a token in their command line."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and any(
                token in word for word in process.cmdline()
            ):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.mark.parametrize("script", ["double-fork", "holds-output", "pipeline"])
def test_what_a_script_leaves_behind_ends_with_its_run(server: Served, script: str):
    token = f"token-{uuid4()}"
    run_id = server.execute(script, token)
    eventually(lambda: "left behind" in server.output(run_id), what="the start of the daemon")

    run = server.ended(run_id)

    assert (run["status"], server.output(run_id)) == ("success", "left behind\n")
    assert not bearing(token)


@pytest.mark.parametrize("script", ["double-fork", "holds-output", "pipeline"])
def test_the_tests_own_proof_sees_a_process_that_is_left(server: Served, script: str):
    token = f"token-{uuid4()}"
    server.execute(script, token)

    assert eventually(lambda: bearing(token), what="a process with the token")


def test_a_fork_bomb_is_ended_with_all_its_processes(server: Served):
    token = f"token-{uuid4()}"

    run = server.ended(server.execute("bomb", token))

    assert run["status"] == "failed"
    assert run["reason"].startswith("limit 30 processes, seen ")
    assert not bearing(token)
    assert server.ended(server.execute("harmless"))["status"] == "success"


def test_a_script_that_ignores_sigterm_is_killed_with_its_children(server: Served):
    token = f"token-{uuid4()}"
    run_id = server.execute("deaf", token)
    eventually(lambda: server.output(run_id) == "deaf\n", what="a deaf script")
    began = time.monotonic()

    server.http.post(f"/api/runs/{run_id}/cancel").raise_for_status()
    run = server.ended(run_id)

    assert (run["status"], run["signal"]) == ("cancelled", 9)
    assert time.monotonic() - began > 0.9
    assert not bearing(token)


def test_a_run_past_its_time_is_killed_with_its_children(server: Served):
    token = f"token-{uuid4()}"

    run = server.ended(server.execute("late", token))

    assert (run["status"], run["reason"], run["signal"]) == ("timeout", "limit 1s", 9)
    assert not bearing(token)


def test_processes_of_another_run_are_left_alone(server: Served):
    token = f"token-{uuid4()}"
    kept = server.execute("deaf", token)
    eventually(lambda: server.output(kept) == "deaf\n", what="a run beside")

    server.ended(server.execute("double-fork", f"token-{uuid4()}"))

    assert len(bearing(token)) == 2
    server.http.post(f"/api/runs/{kept}/cancel").raise_for_status()
    server.ended(kept)


def test_a_killed_server_leaves_processes_only_until_its_next_start(server: Served):
    token = f"token-{uuid4()}"
    run_id = server.execute("deaf", token)
    eventually(lambda: server.output(run_id) == "deaf\n", what="a run")
    assert server.process is not None
    engine = server.engine()
    assert engine is not None
    server.process.kill()
    server.process.wait()
    engine.kill()
    psutil.wait_procs([engine], timeout=10)

    server.start()

    assert server.ended(run_id)["status"] == "interrupted"
    assert not bearing(token)
