"""Limits of the whole process tree, on real processes."""

import os
import time
from pathlib import Path

from engine.runner.frames import NOTICE, read_frames, segment_name
from tests.integration.runner.runnerharness import Client, RunnerProcess, alive, until

MB = 1_000_000


def test_memory_that_a_child_takes_ends_the_run(client: Client):
    hog = (
        "import time\n"
        "held = []\n"
        "for _ in range(30): held.append(bytearray(5_000_000)); time.sleep(0.01)\n"
        "time.sleep(30)"
    )
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hog!r}])"
    report = client.run("one", code, memory=100 * MB, grace_ms=10_000)

    assert report["ended_by"] == "memory"
    assert report["detail"].startswith("limit 100 MB, peak ")
    assert 100 * MB < report["peak_memory"] < 250 * MB


def test_shared_memory_is_counted_once(client: Client):
    code = (
        "import os, time\n"
        "block = b'x' * 60_000_000\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0: time.sleep(0.6); os._exit(0)\n"
        "time.sleep(0.5)"
    )
    report = client.run("one", code, memory=150 * MB)

    assert (report["ended_by"], report["exit_code"]) == (None, 0)


def test_a_run_that_is_being_ended_has_to_keep_its_limits(client: Client):
    code = (
        "import signal, time\n"
        "def grow(*_):\n"
        "    held = [bytearray(5_000_000) for _ in range(40)]\n"
        "    time.sleep(60)\n"
        "signal.signal(signal.SIGTERM, grow)\n"
        "print('ready'); time.sleep(60)"
    )
    client.start("one", code, memory=100 * MB, grace_ms=50_000)
    until(lambda: client.output("one"), "its line")
    client.send(op="kill", id="one", reason="enough")

    report = client.exit("one")
    assert (report["ended_by"], report["detail"], report["exit_code"]) == ("cancel", "enough", -9)


def test_a_fork_bomb_is_contained(client: Client):
    # It ends by itself after 600 forks, should the limit not hold.
    code = (
        "import os, time\n"
        "counter = os.open('forks', os.O_WRONLY | os.O_CREAT | os.O_APPEND)\n"
        "end = time.monotonic() + 10\n"
        "while time.monotonic() < end and os.fstat(counter).st_size < 600:\n"
        "    if os.fork() == 0: os.write(counter, b'x')\n"
        "    time.sleep(0.02)\n"
        "time.sleep(5)\n"
    )
    report = client.run("bomb", code, processes=64, grace_ms=10_000)

    assert report["ended_by"] == "processes"
    assert report["detail"].startswith("limit 64 processes, seen ")
    assert report["peak_processes"] > 64
    assert not [each for each in Path("/proc").glob("[0-9]*") if _of(int(each.name), "bomb")]


def test_cpu_is_rationed_to_the_cores_that_were_granted(client: Client):
    code = "import time\nend = time.monotonic() + 2\nwhile time.monotonic() < end: pass"
    report = client.run("one", code, cpu=0.25)

    # A busy machine gives less than that, never more; 0.2 s of burst and a tick come on top.
    assert report["exit_code"] == 0
    assert report["cpu_ms"] < 0.25 * report["duration_ms"] + 300


def test_a_run_that_stands_still_can_be_ended(client: Client):
    client.start("one", "while True: pass", cpu=0.05, grace_ms=10_000, timeout_ms=700)

    report = client.exit("one")
    assert (report["ended_by"], report["exit_code"]) == ("timeout", -15)


def test_output_is_cut_to_exact_first_and_last_halves(client: Client):
    code = "import os\nfor block in range(3000): os.write(1, (b'%07d\\n' % block) * 12_500)\n"
    began = time.monotonic()
    report = client.run("one", code, output=MB)
    seconds = time.monotonic() - began

    frames = list(read_frames(client.data / "runs/one"))
    notices = [frame for frame in frames if frame.stream == NOTICE]
    text = b"".join(frame.data for frame in frames if frame.stream != NOTICE)
    assert (report["output_bytes"], report["output_cut"]) == (300 * MB, 299 * MB)
    assert text == _blocks(0, 5) + _blocks(2995, 3000)
    assert [(each.offset, each.data.decode()) for each in notices] == [
        (MB // 2, "… 299,000,000 bytes cut …\n")
    ]
    assert seconds < 10


def test_the_memory_of_the_runner_stays_flat(runner: RunnerProcess):
    client = runner.client()
    before = _resident(runner.pid)
    client.run("one", "import os\nfor _ in range(1000): os.write(1, b'x' * 100_000)", output=MB)

    assert _resident(runner.pid) - before < 3 * MB


def test_a_chatty_run_does_not_hold_up_the_others(client: Client):
    client.start("chatty", "import os\nwhile True: os.write(1, b'x' * 65536)", output=MB)
    until(lambda: client.list()["live"][0]["output_bytes"], "the chatty run's output")

    report = client.run("timed", "import time; time.sleep(30)", timeout_ms=300)

    assert 300 <= report["duration_ms"] < 1500
    client.send(op="kill", id="chatty", reason="")
    client.exit("chatty")


def test_an_idle_runner_does_not_wake_up(runner: RunnerProcess):
    client = runner.client()
    client.run("one", "import time; time.sleep(0.2)")
    client.send(op="ack", ids=["one"])
    client.list()
    time.sleep(0.5)
    before = _switches(runner.pid)
    time.sleep(1.5)

    assert _switches(runner.pid) == before


def test_samples_show_memory_and_processes_over_time(client: Client):
    code = "import subprocess\nsubprocess.run(['sleep', '1.2'])"
    client.run("one", code, memory=500 * MB)

    lines = [line.split() for line in (client.data / "runs/one/samples").read_text().splitlines()]
    assert len(lines) >= 2
    assert max(int(line[3]) for line in lines) == 2
    assert all(5 * MB < int(line[2]) < 100 * MB for line in lines)


def test_output_goes_on_when_a_full_disk_has_room_again(client: Client):
    # A directory in the way of the second frame file stands for the disk that takes nothing.
    second = client.data / "runs/one" / segment_name(4)
    second.mkdir(parents=True)
    code = (
        "import os, time, pathlib\n"
        "os.write(1, b'head'); time.sleep(0.2)\n"
        "os.write(1, b'lost'); time.sleep(0.2)\n"
        f"pathlib.Path({str(second)!r}).rmdir()\n"
        "os.write(1, b'kept')"
    )
    report = client.run("one", code, output=8)

    assert (report["output_bytes"], report["output_cut"]) == (12, 4)
    assert client.output("one") == b"head" + "… 4 bytes cut …\n".encode() + b"kept"


def _blocks(first: int, last: int) -> bytes:
    return b"".join((b"%07d\n" % block) * 12_500 for block in range(first, last))


def _of(pid: int, run: str) -> bool:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return f"PYSCHED_RUN_ID={run}".encode() in environment and alive(pid)


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _switches(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))
