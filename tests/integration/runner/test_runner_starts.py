import json
import shutil
import signal
import time
from pathlib import Path

from engine.runner.frames import claim_in, read_frames
from engine.runner.protocol import CLAIM_NAME
from tests.integration.runner.runnerharness import Client, RunnerProcess, alive, until


def test_a_run_reports_its_exit_code_and_output(client: Client):
    report = client.run("one", "import sys; print('out'); sys.stderr.write('err'); sys.exit(3)")

    assert (report["exit_code"], report["ended_by"]) == (3, None)
    assert client.output("one", 1) == b"out\n"
    assert client.output("one", 2) == b"err"


def test_an_end_that_nobody_acknowledges_is_written_down(client: Client):
    report = client.run("one")

    file = until((client.data / "runs/one/exit.json").exists, "the report") and client.data
    assert json.loads((file / "runs/one/exit.json").read_text()) == report


def test_an_end_that_is_acknowledged_needs_no_file(client: Client):
    client.run("one")
    client.send(op="ack", ids=["one"])
    client.run("two")

    until((client.data / "runs/two/exit.json").exists, "the report of the later run")
    assert not (client.data / "runs/one/exit.json").exists()


def test_an_end_is_written_down_at_once_when_the_engine_goes(client: Client):
    client.run("one")
    before = time.monotonic()
    client.close()

    until((client.data / "runs/one/exit.json").exists, "the report")
    assert time.monotonic() - before < 0.2


def test_a_report_that_could_not_be_written_is_written_at_the_end(runner: RunnerProcess):
    client = runner.client()
    directory = client.start("one", "import time; time.sleep(0.2)")
    client.event("started", "one")
    in_the_way = directory / "exit.json.part"
    in_the_way.mkdir()
    client.exit("one")
    client.run("two")
    until((client.data / "runs/two/exit.json").exists, "the report of the later run")
    in_the_way.rmdir()
    assert not (directory / "exit.json").exists()

    runner.signal(signal.SIGTERM)

    runner.wait()
    assert json.loads((directory / "exit.json").read_text())["id"] == "one"


def test_an_end_is_no_error_whose_directory_was_cleared(runner: RunnerProcess):
    client = runner.client()
    directory = client.start("one")
    client.exit("one")
    shutil.rmtree(directory)
    client.run("two")

    until((client.data / "runs/two/exit.json").exists, "the report of the later run")
    runner.signal(signal.SIGTERM)
    runner.wait()
    assert runner.said() == ""


def test_a_death_by_signal_is_a_negative_exit_code(client: Client):
    assert client.run("one", "import os; os.kill(os.getpid(), 11)")["exit_code"] == -11


def test_a_second_start_of_a_run_is_refused_and_starts_nothing(client: Client):
    code = "open('started', 'a').write('x')"
    client.start("one", code)
    client.start("one", code)

    client.event("refused", "one")
    client.exit("one")
    assert (client.data / "started").read_text() == "x"


def test_a_run_that_somebody_else_claimed_is_refused(client: Client):
    (client.data / "runs/one").mkdir(parents=True)
    (client.data / "runs/one" / CLAIM_NAME).touch()

    client.start("one", "open('started', 'w')")

    client.event("refused", "one")
    assert not (client.data / "started").exists()


def test_the_claim_names_the_process(client: Client):
    client.start("one", "import time; time.sleep(30)")
    pid = client.event("started", "one")["pid"]
    client.list()

    claim = claim_in((client.data / "runs/one" / CLAIM_NAME).read_bytes())
    assert (claim["id"], claim["pid"]) == ("one", pid)


def test_a_missing_interpreter_is_told(client: Client):
    report = client.run("one", argv=["/nowhere/python", "x.py"])

    assert (report["ended_by"], report["pid"], report["exit_code"]) == ("spawn", None, None)
    assert report["detail"] == "/nowhere/python: No such file or directory"
    until((client.data / "runs/one/exit.json").exists, "the report")


def test_a_missing_working_directory_is_told(client: Client):
    report = client.run("one", cwd="/nowhere/at-all")

    assert report["detail"] == "working directory /nowhere/at-all: No such file or directory"


def test_an_argument_that_no_program_can_take_is_told(client: Client):
    assert client.run("one", argv=["/bin/true", "a\0b"])["ended_by"] == "spawn"


def test_a_run_directory_that_cannot_be_made_ends_the_run(client: Client):
    (client.data / "file").write_text("")

    report = client.run("one", directory=str(client.data / "file" / "one"))

    assert report["ended_by"] == "spawn"
    assert "claim" in report["detail"]


def test_a_run_sees_only_the_environment_that_was_asked_for(client: Client):
    client.run("one", "import os; print(*sorted(os.environ))", env={"A": "1", "LC_CTYPE": "C"})

    assert client.output("one") == b"A LC_CTYPE PYSCHED_RUNNER PYSCHED_RUN_ID\n"


def test_a_run_has_its_own_session_default_signals_and_no_further_files(client: Client):
    code = (
        "import os, signal\n"
        "print(os.getsid(0) == os.getpid(), os.read(0, 1))\n"
        "print(sorted(map(int, os.listdir('/proc/self/fd')))[:4])\n"
        "print([line for line in open('/proc/self/status') if line.startswith('SigBlk')])"
    )
    client.run("one", code)

    session, files, blocked = client.output("one").decode().splitlines()
    assert session == "True b''"
    assert files == "[0, 1, 2, 3]", "3 is the directory that is being listed"
    assert blocked.endswith("0000000000000000\\n']")


def test_signals_that_python_ignores_are_default_in_a_run(client: Client):
    report = client.run("one", argv=["/bin/sh", "-c", "kill -PIPE $$"])

    assert report["exit_code"] == -13


def test_a_start_that_lacks_a_key_is_answered_and_nothing_is_claimed(client: Client):
    client.start("one", argv=[])

    assert "argv" in client.event("error", "one")["message"]
    assert not (client.data / "runs").exists()


def test_a_run_that_is_over_is_listed_until_it_is_acknowledged(client: Client):
    report = client.run("one")
    before = client.list()["ended"]
    client.send(op="ack", ids=["one"])

    assert (before, client.list()["ended"]) == ([report], [])


def test_twenty_printing_runs_survive_the_death_of_the_client(runner: RunnerProcess):
    first = runner.client()
    code = "import time, sys\nfor i in range(60): print(i); time.sleep(0.01)\nsys.exit({})"
    for number in range(20):
        first.start(f"run-{number}", code.format(number))
    for number in range(20):
        first.event("started", f"run-{number}")
    first.close()

    second = runner.client()
    listed = second.list()
    codes = {report["id"]: report["exit_code"] for report in listed["ended"]}
    codes |= {run["id"]: second.exit(run["id"])["exit_code"] for run in listed["live"]}

    assert listed["live"]
    assert codes == {f"run-{number}": number for number in range(20)}
    lines = "".join(f"{i}\n" for i in range(60)).encode()
    assert {second.output(f"run-{number}") for number in range(20)} == {lines}


def test_the_environment_of_the_runner_cannot_name_modules_for_it(launch, tmp_path: Path):
    (tmp_path / "json.py").write_text("raise SystemExit('hijacked')")

    runner = launch(PYTHONPATH=str(tmp_path))

    assert runner.client().list()["live"] == []


def test_a_data_directory_with_a_long_path_works(launch, tmp_path: Path):
    runner = launch(data=tmp_path / ("d" * 100) / ("e" * 100))

    assert runner.client().run("one", "print(1)")["exit_code"] == 0


def test_the_socket_is_for_its_owner_alone(client: Client):
    assert (client.data / "runner.sock").stat().st_mode & 0o777 == 0o600


def test_a_second_runner_is_refused_and_told_who_is_there(runner: RunnerProcess, launch):
    runner.client()

    second = launch(data=runner.data)

    assert second.wait() == 1
    assert f"in use by another runner (pid {runner.pid})" in second.said()


def test_wrong_usage_is_told(launch):
    runner = launch("--on-stop", "never")

    assert (runner.wait(), "must be drain, leave or cancel" in runner.said()) == (2, True)


def test_processes_of_a_runner_that_was_killed_are_killed_by_the_next(launch, tmp_path: Path):
    first = launch(data=tmp_path / "shared")
    client = first.client()
    code = (
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    os.execve(sys.executable, [sys.executable, '-c', 'import time; time.sleep(60)'], {})\n"
        "print('ready'); time.sleep(60)"
    )
    client.start("one", code)
    pid = client.event("started", "one")["pid"]
    until(lambda: client.output("one"), "the run's line")
    child = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    first.process.kill()
    first.wait()

    second = launch(data=tmp_path / "shared")
    second.client()

    until(lambda: not alive(pid) and not alive(child), "the end of both processes")


def test_a_runner_that_dies_after_the_claim_leaves_a_claim_and_no_process(launch):
    runner = launch(PYSCHED_FAILPOINT="after_claim")
    client = runner.client()
    directory = client.start("one", "open('started', 'w')")

    assert runner.wait() == -9
    assert [each.name for each in directory.iterdir()] == [CLAIM_NAME]


def test_a_runner_that_dies_before_the_report_leaves_none(launch):
    runner = launch(PYSCHED_FAILPOINT="before_report")
    client = runner.client()
    directory = client.start("one", "open('started', 'w')")

    assert runner.wait() == -9
    assert (client.data / "started").exists()
    assert not (directory / "exit.json").exists()


def test_a_line_reaches_its_file_within_milliseconds(client: Client):
    code = (
        "import os, time\n"
        "for _ in range(20):\n"
        "    time.sleep(0.01); os.write(1, b'%d' % time.time_ns())"
    )
    client.run("one", code)

    delays = sorted(
        frame.at_ns - int(frame.data) for frame in read_frames(client.data / "runs/one")
    )
    assert delays[len(delays) // 2] < 2_000_000


def test_a_program_is_found_on_the_path(client: Client):
    assert client.run("one", argv=["sh", "-c", "exit 3"])["exit_code"] == 3
