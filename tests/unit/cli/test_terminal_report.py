"""What `pysched serve` tells in a terminal and in a pipe."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from engine.errors import UnsafeTree
from engine.model.environment import EnvironmentRequest
from engine.model.event import BuildChanged, PlanApplied, RunChanged, RunnerChanged
from engine.model.identity import ScriptId
from engine.model.plan import CreateScript, DeleteScript, Plan
from engine.model.run import RunStatus
from engine.model.tree import Entry, Problem
from engine.service.first_admin import Welcome
from tests.fakes.engine import NOON, a_run
from web.cli.build_progress import BuildProgress
from web.cli.overview import Overview
from web.cli.terminal_report import TerminalReport
from web.cli.words import local

REQUEST = EnvironmentRequest("3.12", "rich")
PROBLEM = Problem(path="a/script.yaml", line=2, column=5, code="x", message="unknown key 'crn'")


def a_console(*, terminal: bool = False) -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=terminal,
        width=200,
        highlight=False,
        markup=False,
        emoji=False,
        color_system=None,
    )


def text(console: Console) -> str:
    return console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]


@pytest.fixture
def console():
    return a_console()


@pytest.fixture
def report(console):
    return TerminalReport(console, "1.0", Path("/data/logs/pysched.log"))


def started(report: TerminalReport, *, own_key: bool = True) -> TerminalReport:
    report.started("http://127.0.0.1:8000", own_key=own_key)
    return report


def create(script_id: str) -> CreateScript:
    entry = Entry(id=ScriptId(script_id), signature="s", digest="d", script=None)
    return CreateScript(entry=entry)


def build(phase: str, line: str = "", scripts=("a",)) -> BuildChanged:
    return BuildChanged(REQUEST, [ScriptId(one) for one in scripts], phase, line)


def test_the_overview_reads_from_problems_to_what_comes_next(report, console):
    report.overview(
        Overview(
            scripts=12,
            problem_count=1,
            scheduled=9,
            folders=3,
            ready=10,
            to_build=1,
            failed=1,
            problems=[PROBLEM],
            coming=[(NOON, "etl/load"), (NOON, "web/check")],
        )
    )

    assert text(console).splitlines() == [
        "a/script.yaml:2:5: error: unknown key 'crn'",
        "scripts  12 scripts, 9 with triggers, 3 folders, 1 error; `pysched validate` lists them",
        "python   environments of scripts: 10 ready, 1 to build, 1 could not be built",
        f"next     {local(NOON)}  etl/load",
        f"         {local(NOON)}  web/check",
        "log      /data/logs/pysched.log",
    ]


def test_of_very_many_scripts_only_the_totals_are_told(report, console):
    report.overview(Overview(scripts=10_000, problem_count=0, complete=False))

    assert text(console).splitlines()[0] == "scripts  10000 scripts"


@pytest.mark.parametrize("own_key", [True, False])
def test_the_key_is_spoken_of_only_when_there_is_none(report, console, own_key):
    started(report, own_key=own_key)

    assert ("PYSCHED_DEFAULT_API_KEY" in text(console)) is not own_key


def test_a_run_is_told_when_it_is_over_and_not_before(report, console):
    for status in (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.SUCCESS):
        report.hear(RunChanged(a_run(status=status)))

    time = local(a_run().finished_at, date=False)
    assert text(console) == f"{time} ✓ etl/load  success in 2 s  20261124T120000-abcdef123456\n"


def test_a_changed_file_is_told_with_its_problems(report, console):
    started(report)
    console.file.truncate(0)
    console.file.seek(0)
    report.hear(PlanApplied(Plan(actions=[create("a")], problems=[PROBLEM])))

    assert text(console).splitlines() == ["+ create  a", str(PROBLEM)]


def test_many_changes_at_once_are_summed_up(report, console):
    started(report)
    report.hear(PlanApplied(Plan(actions=[DeleteScript(id=ScriptId(f"s{n}")) for n in range(11)])))

    assert text(console).splitlines()[-1] == "Plan: 11 to delete."


def test_a_problem_of_no_script_is_told(report, console):
    started(report)
    report.hear(PlanApplied(Plan(problems=[PROBLEM])))

    assert text(console).splitlines()[-1] == str(PROBLEM)


def test_of_very_many_problems_some_are_told(report, console):
    started(report)
    many = [Problem(path=f"s{n}/script.yaml", code="x", message="m") for n in range(25)]
    report.hear(PlanApplied(Plan(problems=many)))

    assert text(console).splitlines()[-1] == "and 5 errors more; `pysched validate` lists them"


def test_what_the_first_pass_did_is_left_to_the_overview(report, console):
    report.hear(PlanApplied(Plan(actions=[create("a")])))

    assert text(console) == ""


def test_a_runner_that_goes_and_comes_is_told(report, console):
    started(report)
    report.hear(RunnerChanged(connected=False))
    report.hear(RunnerChanged(connected=True))

    assert text(console).splitlines()[-2:] == [
        "the runner does not answer; runs go on without the server",
        "the runner answers again",
    ]


@pytest.mark.parametrize(("runs", "said"), [(0, False), (2, True)])
def test_a_stop_says_what_it_waits_for(report, console, runs, said):
    report.stopping(runs)

    assert ("finishing 2 runs, Ctrl-C again to stop them now" in text(console)) is said


def test_a_failed_start_is_an_error_of_the_program(report, capsys):
    report.failed(UnsafeTree("the tree cannot be read"))

    assert capsys.readouterr().err.endswith("error: the tree cannot be read\n")


def test_in_a_pipe_a_build_is_its_start_and_its_end(console):
    progress = BuildProgress(console)
    for phase, line in [("resolve", "a"), ("resolve", "b"), ("install", "c"), ("ready", "")]:
        progress.hear(build(phase, line))

    first, last = text(console).splitlines()
    assert (first, last.startswith("✓ environment of a ready in ")) == (
        "building environment of a",
        True,
    )


def test_what_goes_on_in_the_background_is_not_told(console):
    BuildProgress(console).hear(build("compile"))

    assert text(console) == ""


def test_a_build_that_failed_says_why(console):
    BuildProgress(console).hear(build("failed", "no such package: nope"))

    assert text(console) == "☒ environment of a failed: no such package: nope\n"


def test_a_build_for_many_scripts_names_some(console):
    BuildProgress(console).hear(build("ready", scripts=("a", "b", "c", "d", "e")))

    assert text(console) == "✓ environment of a, b, c and 2 more ready\n"


def test_on_a_terminal_the_live_line_goes_when_the_build_is_over():
    console = a_console(terminal=True)
    progress = BuildProgress(console)
    progress.hear(build("resolve"))
    progress.hear(build("ready"))
    progress.close()

    assert "✓ environment of a ready" in text(console)


def test_the_first_account_is_told_with_password_and_link(report, console):
    report.welcome(Welcome("admin", "the-password", "the-link"), "http://127.0.0.1:8000")

    assert text(console).splitlines() == [
        "login    admin, password the-password",
        "         or once, in the next 24 h: http://127.0.0.1:8000/login?token=the-link",
        "         shown this once; `pysched user link admin` makes another link",
    ]


def test_what_is_told_of_the_first_account_is_not_logged(report, caplog):
    with caplog.at_level("DEBUG"):
        report.welcome(Welcome("admin", "the-password", "the-link"), "http://127.0.0.1:8000")

    assert caplog.records == []


def test_an_account_without_secrets_is_told_with_what_to_do(report, console):
    report.welcome(Welcome("admin", None, None), "http://127.0.0.1:8000")

    assert text(console) == (
        "login    the account admin was made; `pysched user link admin` opens it\n"
    )
