"""Commands to a running server, over real HTTP."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import httpx
import pytest
from typer.testing import CliRunner

from engine.model.run import RunStatus
from engine.model.status import ScriptStatus
from engine.model.tree import Problem, Severity
from tests.fakes.engine import FakeEngine, a_health, a_run, a_script
from tests.integration.cli.served import KEY, serving
from web.cli.failure import guarded
from web.cli.main import app
from web.cli.online import STATUSES

RUN = "20261124T120000-abcdef123456"


@pytest.fixture
def served():
    engine = FakeEngine().add(a_script("etl/load"), a_run(RUN))
    with serving(engine) as found:
        yield found


@pytest.fixture
def pysched(served):
    def invoke(*arguments: str):
        environ = {"PYSCHED_URL": served.url, "PYSCHED_DEFAULT_API_KEY": KEY, "NO_COLOR": "1"}
        return CliRunner(env=environ).invoke(app, arguments, catch_exceptions=False)

    return invoke


def spawn(served, *arguments: str, **options):
    """Start the command as its own process, which is what Ctrl-C and pipes need."""
    environ = os.environ | {"PYSCHED_URL": served.url, "PYSCHED_DEFAULT_API_KEY": KEY}
    return subprocess.Popen(
        [sys.executable, "-m", "web.cli.main", *arguments],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def test_status_says_that_all_is_well(pysched):
    assert pysched("status").output.startswith("1 script, fine. 0 running, 0 queued.")


def test_status_names_what_needs_attention(pysched, served):
    problem = Problem(path="etl/bad/script.yaml", line=2, column=5, code="x", message="unknown key")
    served.engine.state = a_health(scripts=2, problems=1)
    served.engine.add(a_script("etl/bad", status=ScriptStatus.ERROR, problems=(problem,)))

    output = pysched("status").output

    assert "1 script of 2 needs you" in output
    assert "▲ etl/bad  etl/bad/script.yaml:2:5: unknown key" in output


def test_status_counts_problems_of_no_script(pysched, served):
    served.engine.state = a_health(problems=1)

    assert "files: 1 problem; `pysched validate` lists them" in pysched("status").output


def test_status_ends_with_one_when_a_part_fails(pysched, served):
    served.engine.state = a_health(failing={"runner": "cannot be reached"})

    result = pysched("status")

    assert (result.exit_code, "runner does not work: cannot be reached" in result.output) == (
        1,
        True,
    )


def test_status_for_programs_is_one_document(pysched):
    assert set(json.loads(pysched("status", "--json").stdout)) == {"health", "attention", "active"}


def test_runs_are_listed_with_what_became_of_them(pysched):
    line = pysched("runs", "etl/load/").stdout

    assert re.search(rf"✓  etl/load  success in 2 s  manual  {RUN}$", line.strip())


def test_runs_for_programs_have_the_shape_of_the_api(pysched, served):
    expected = httpx.get(f"{served.url}/api/runs", headers={"X-API-Key": KEY}).json()

    assert json.loads(pysched("runs", "--json").stdout) == expected


def test_status_of_many_scripts_that_are_well_counts_them(pysched, served):
    served.engine.state = a_health(scripts=3)

    assert pysched("status").output.startswith("All 3 scripts are fine.")


def test_runs_of_a_script_that_was_removed_are_listed(pysched, served):
    served.do(served.engine.add, a_run("20261124T120000-fedcba654321", script="old/gone"))

    assert "old/gone  success" in pysched("runs", "old/gone").stdout


def test_a_removed_script_without_such_runs_is_no_error(pysched, served):
    served.do(served.engine.add, a_run("20261124T120000-fedcba654321", script="old/gone"))

    result = pysched("runs", "old/gone", "--status", "failed")

    assert (result.exit_code, result.stderr) == (0, "no runs\n")


def test_a_status_that_is_none_is_wrong_usage_and_lists_those_there_are(pysched):
    result = pysched("runs", "--status", "green")

    assert result.exit_code == 2
    assert all(status in result.stderr for status in ("green", "out_of_memory", "interrupted"))


def test_a_moment_that_is_none_is_wrong_usage(pysched):
    result = pysched("runs", "--since", "yesterday")

    assert (result.exit_code, "ISO 8601" in result.stderr) == (2, True)


def test_a_warning_is_not_why_a_script_fails(pysched, served):
    warning = Problem(
        path="etl/bad/script.yaml", code="no_effect", message="accepted", severity=Severity.WARNING
    )
    served.engine.add(a_script("etl/bad", status=ScriptStatus.FAILING, problems=(warning,)))

    assert "✗ etl/bad  the last run failed" in pysched("status").output


def test_the_statuses_on_offer_are_those_of_runs():
    assert set(STATUSES) == set(RunStatus)


def test_no_runs_is_said_beside_the_output(pysched):
    result = pysched("runs", "--status", "failed")

    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no runs\n")


def test_trigger_prints_the_id_of_the_run(pysched, served):
    result = pysched("trigger", "etl/load", "--", "--city", "Berlin")

    assert (result.stdout.strip() in served.engine.known_runs, served.engine.asked) == (
        True,
        [("execute", "etl/load", ("--city", "Berlin"), {}, "default key")],
    )


@pytest.mark.parametrize(("status", "code"), [(RunStatus.SUCCESS, 0), (RunStatus.FAILED, 1)])
def test_a_trigger_that_waits_ends_as_the_run_does(served, status, code):
    process = spawn(served, "trigger", "etl/load", "--wait", "--json")
    while len(served.engine.known_runs) == 1:
        time.sleep(0.01)
    run_id = max(served.engine.known_runs)
    served.do(served.engine.end, run_id, status)

    output, _ = process.communicate(timeout=10)

    assert (process.returncode, json.loads(output)["status"]) == (code, status)


def test_cancel_asks_the_run_to_stop(pysched, served):
    result = pysched("cancel", RUN)

    assert (result.exit_code, served.engine.asked) == (0, [("cancel", RUN, "default key")])


@pytest.mark.parametrize("which", [RUN, "etl/load"])
def test_logs_of_a_run_or_of_a_scripts_newest(pysched, served, which):
    served.engine.outputs[RUN] = b"hello\n\xff\n"

    assert pysched("logs", which).stdout_bytes == b"hello\n\xff\n"


def test_logs_follow_a_run_to_its_end(served):
    served.do(served.engine.add, a_run(RUN, status=RunStatus.RUNNING))
    served.do(served.engine.write, RUN, b"one\n")
    process = spawn(served, "logs", "-f", RUN)
    first = process.stdout.readline()
    served.do(served.engine.write, RUN, b"two\n")
    second = process.stdout.readline()
    served.do(served.engine.end, RUN)

    rest, _ = process.communicate(timeout=10)

    assert (first, second, rest, process.returncode) == (b"one\n", b"two\n", b"", 0)


def test_a_follower_that_was_let_go_goes_on_where_it_was(served):
    served.do(served.engine.add, a_run(RUN, status=RunStatus.RUNNING))
    served.do(served.engine.write, RUN, b"one\n")
    process = spawn(served, "logs", "-f", RUN)
    first = process.stdout.readline()
    served.let_followers_go()
    served.do(served.engine.write, RUN, b"two\n")
    second = process.stdout.readline()
    served.do(served.engine.end, RUN)

    rest, _ = process.communicate(timeout=10)

    assert first + second + rest == b"one\ntwo\n"


def test_a_printed_line_reaches_a_follower_at_once(served):
    served.do(served.engine.add, a_run(RUN, status=RunStatus.RUNNING))
    served.do(served.engine.write, RUN, b"start\n")
    process = spawn(served, "logs", "-f", RUN)
    process.stdout.readline()
    delays = []
    for _ in range(20):
        began = time.perf_counter()
        served.do(served.engine.write, RUN, b"x\n")
        process.stdout.readline()
        delays.append(time.perf_counter() - began)
    served.do(served.engine.end, RUN)
    process.communicate(timeout=10)

    assert sorted(delays)[10] < 0.02


def test_ctrl_c_ends_a_follower_quietly(served):
    served.do(served.engine.add, a_run(RUN, status=RunStatus.RUNNING))
    served.do(served.engine.write, RUN, b"one\n")
    process = spawn(served, "logs", "-f", RUN)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)

    ended = process.communicate(timeout=10), process.returncode
    # A shell shows the death by this signal as 130.
    assert ended == ((b"", b""), -signal.SIGINT)


def test_a_reader_that_goes_away_is_no_error(served):
    served.do(served.engine.write, RUN, b"line\n" * 400_000)
    process = spawn(served, "logs", RUN)
    process.stdout.readline()
    process.stdout.close()

    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(10)


@pytest.fixture
def told(capsys, monkeypatch):
    """Run a command as `main` does, without a process of its own; gives its code and messages."""

    def run(*arguments: str, **environ: str) -> tuple[int, str]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return guarded(lambda: app(arguments)), capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ["trigger", "no/such"],
        ["cancel", "no-such"],
        ["logs", "no/such"],
        ["logs", "-f", "20261124T120000-000000000000"],
        ["runs", "no/such"],
    ],
)
def test_a_refusal_is_one_line_and_one(served, told, arguments):
    code, error = told(*arguments, "--url", served.url, "--key", KEY)

    assert (code, error.startswith("error: "), error.count("\n")) == (1, True, 1)


def test_a_script_that_has_not_run_yet_says_so(served, told):
    served.do(served.engine.add, a_script("etl/new"))

    assert told("logs", "etl/new", "--url", served.url, "--key", KEY) == (
        1,
        "error: etl/new has not run yet\n",
    )


@pytest.mark.parametrize("command", [["status"], ["runs"], ["logs", RUN], ["logs", "-f", RUN]])
def test_without_a_server_every_command_says_how_to_start_one(told, command):
    assert told(*command, PYSCHED_URL="http://127.0.0.1:9") == (
        1,
        "error: no server answers at http://127.0.0.1:9; start one with `pysched serve`\n",
    )


def test_a_wrong_key_says_how_to_give_the_right_one(served, told):
    _, error = told("runs", "--url", served.url, "--key", "guessed")

    assert "PYSCHED_DEFAULT_API_KEY" in error
