"""No process of a run outlives it, and nobody else's is touched."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.runner.runnerharness import Client, RunnerProcess, alive, until

PYTHON = sys.executable
DAEMON = """
import os, sys, time
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.write(write, b'%d' % os.getpid())
    null = os.open('/dev/null', os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.chdir('/')
    os.execve(sys.executable, [sys.executable, '-c', 'import time; time.sleep(60)'], {})
os.wait()
print(os.read(read, 20).decode(), flush=True)
"""


def test_a_daemon_with_a_cleared_environment_ends_with_its_run(client: Client):
    report = client.run("one", DAEMON)

    assert (report["exit_code"], report["survivors"]) == (0, 1)
    assert not alive(int(client.output("one")))


def test_a_daemon_of_another_run_is_left_alone(client: Client):
    client.start("other", DAEMON + "time.sleep(60)")
    client.event("started", "other")
    daemon = int(until(lambda: client.output("other"), "the daemon's pid"))

    report = client.run("one", DAEMON)

    assert report["survivors"] == 1
    assert alive(daemon)
    client.send(op="kill", id="other", reason="enough")
    client.exit("other")
    assert not alive(daemon)


def test_a_child_that_holds_the_output_open_delays_the_end_by_a_second(client: Client):
    report = client.run("one", argv=["/bin/sh", "-c", "sleep 60 & echo $!"])

    assert (report["exit_code"], report["survivors"]) == (0, 1)
    assert not alive(int(client.output("one")))
    assert report["duration_ms"] < 900, "the run itself was over at once"


def test_a_shell_pipeline_ends_whole(client: Client):
    client.start("one", argv=["/bin/sh", "-c", "echo ready; yes | cat > /dev/null | sleep 60"])
    pid = client.event("started", "one")["pid"]
    until(lambda: client.output("one"), "the first line")
    children = until(lambda: _children(pid) if len(_children(pid)) >= 3 else None, "the pipeline")

    client.send(op="kill", id="one", reason="cancelled by ada")

    report = client.exit("one")
    assert (report["ended_by"], report["detail"]) == ("cancel", "cancelled by ada")
    assert not any(map(alive, children))


def test_a_script_that_ignores_sigterm_is_killed_after_its_grace(client: Client):
    code = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('deaf'); time.sleep(60)"
    )
    client.start("one", code, grace_ms=300)
    until(lambda: client.output("one"), "its line")
    client.send(op="kill", id="one", reason="")

    report = client.exit("one")
    assert (report["exit_code"], report["ended_by"]) == (-9, "cancel")
    assert 300 <= report["duration_ms"] < 3000


def test_a_script_may_clean_up_within_its_grace(client: Client):
    code = (
        "import signal, sys, time\n"
        "def end(*_): print('cleaned'); sys.exit(7)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready'); time.sleep(60)"
    )
    client.start("one", code, grace_ms=20_000)
    until(lambda: client.output("one"), "its line")
    client.send(op="kill", id="one", reason="")

    assert client.exit("one")["exit_code"] == 7
    assert client.output("one").endswith(b"cleaned\n")


def test_children_keep_their_grace_when_the_shell_above_them_ends_first(client: Client):
    child = (
        "import os, signal, sys, time\n"
        "def end(*_): time.sleep(0.3); open('cleaned', 'w'); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True); os.close(1); os.close(2); time.sleep(60)"
    )
    command = f'{PYTHON} -c "$CHILD" & wait'
    client.start("one", argv=["/bin/sh", "-c", command], env={"CHILD": child}, grace_ms=20_000)
    until(lambda: client.output("one"), "its line")
    client.send(op="kill", id="one", reason="")

    assert client.exit("one")["survivors"] == 0
    assert (client.data / "cleaned").exists()


def test_a_run_without_grace_is_killed_at_once(client: Client):
    client.start("one", "import time; time.sleep(60)", grace_ms=0)
    client.event("started", "one")
    client.send(op="kill", id="one", reason="")

    assert client.exit("one")["exit_code"] == -9


def test_a_stopped_process_can_be_ended(client: Client):
    client.start("one", "import time; print(1); time.sleep(60)", grace_ms=10_000)
    pid = client.event("started", "one")["pid"]
    until(lambda: client.output("one"), "its line")
    os.kill(pid, signal.SIGSTOP)
    client.send(op="kill", id="one", reason="")

    assert client.exit("one")["exit_code"] == -15


def test_killing_a_run_that_is_over_changes_nothing(client: Client):
    client.run("one")
    client.send(op="kill", id="one", reason="late")

    assert client.list()["ended"][0]["ended_by"] is None


def test_orphans_that_the_engine_left_are_not_killed(launch, tmp_path: Path):
    note = tmp_path / "pid"
    engine = f"sleep 5 & echo $! > {note}; kill -9 $$"
    runner = launch("--restart-delay", "60", "--", "/bin/sh", "-c", engine)
    client = runner.client()
    orphan = int(until(lambda: note.exists() and note.read_text().strip(), "the orphan"))

    client.run("one", DAEMON)

    assert alive(orphan)
    os.kill(orphan, signal.SIGKILL)


def test_processes_that_the_runner_did_not_start_are_never_touched(client: Client):
    with subprocess.Popen(["sleep", "30"], env={"PYSCHED_RUN_ID": "one"}) as stranger:
        client.run("one", DAEMON)

        assert stranger.poll() is None
        stranger.kill()


def test_no_zombie_is_left(runner: RunnerProcess):
    client = runner.client()
    client.run("one", DAEMON)
    client.run("two", argv=["/bin/sh", "-c", "(sleep 0.05 &) ; exit 0"])

    until(lambda: not _children(runner.pid), "the runner to have no children, not even dead ones")


def test_the_timeout_holds_without_an_engine(runner: RunnerProcess):
    first = runner.client()
    directory = first.start("one", "import time; time.sleep(60)", timeout_ms=300)
    first.event("started", "one")
    first.close()

    until((directory / "exit.json").exists, "the exit report")
    (report,) = runner.client().list()["ended"]
    assert (report["ended_by"], report["detail"]) == ("timeout", "limit 0.3 s")
    assert 300 <= report["duration_ms"] < 2000


def test_cpu_time_of_waited_children_is_counted(client: Client):
    burn = "import time\nwhile time.process_time() < 0.2: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"

    assert client.run("one", code)["cpu_ms"] >= 200


@pytest.mark.parametrize("merge", [False, True])
def test_all_output_before_the_end_is_kept(client: Client, merge: bool):
    code = "import os\nfor i in range(3000): os.write(1 + i % 2, b'%05d\\n' % i)"
    report = client.run("one", code, merge=merge)

    assert report["output_bytes"] == 18_000
    assert len(client.output("one")) == 18_000


def test_merged_output_has_the_exact_order_of_both_streams(client: Client):
    client.run(
        "one", "import os\nfor i in range(5000): os.write(1 + i % 2, b'%d\\n' % i)", merge=True
    )

    assert client.output("one") == b"".join(b"%d\n" % i for i in range(5000))


def _children(pid: int) -> list[int]:
    try:
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except (FileNotFoundError, ProcessLookupError):
        return []
