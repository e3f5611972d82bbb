"""What `pysched serve` tells a log collector."""

import pytest

from engine.model.environment import EnvironmentRequest
from engine.model.event import BuildChanged, OutputGrew, PlanApplied, RunChanged, RunnerChanged
from engine.model.identity import ScriptId
from engine.model.plan import DeleteScript, Plan
from engine.model.run import RunStatus
from engine.model.tree import Problem
from tests.fakes.engine import a_run
from web.cli.overview import Overview
from web.cli.report import JsonReport

PROBLEM = Problem(path="a/script.yaml", code="x", message="m")


@pytest.fixture
def told(caplog):
    """The messages with what is bound to them, after a report heard something."""
    caplog.set_level("INFO")

    def after(hear) -> list[tuple[str, object]]:
        hear(JsonReport())
        return [(record.message, record) for record in caplog.records]

    return after


def test_a_run_is_told_when_it_is_over_with_its_ids(told):
    def hear(report):
        for status in (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.FAILED):
            report.hear(RunChanged(a_run(status=status, reason="exit 3")))

    [(message, record)] = told(hear)
    assert (message, record.run_id, record.script_id, record.status, record.reason) == (
        "run ended",
        "20261124T120000-abcdef123456",
        "etl/load",
        "failed",
        "exit 3",
    )


def test_a_pass_that_changed_nothing_is_no_news(told):
    assert told(lambda report: report.hear(PlanApplied(Plan()))) == []


def test_a_pass_tells_what_it_changed_and_what_is_wrong(told):
    plan = Plan(actions=[DeleteScript(id=ScriptId("a"))], problems=[PROBLEM])

    assert [message for message, _ in told(lambda report: report.hear(PlanApplied(plan)))] == [
        "plan applied",
        "file problem",
    ]


@pytest.mark.parametrize(
    ("event", "messages"),
    [
        (BuildChanged(EnvironmentRequest(), [], "install", "x"), ["environment build"]),
        (RunnerChanged(connected=False), ["runner"]),
        (OutputGrew({}), []),
    ],
)
def test_other_news_are_told_or_left_out(told, event, messages):
    assert [message for message, _ in told(lambda report: report.hear(event))] == messages


def test_the_problems_of_the_start_are_warnings(told):
    overview = Overview(scripts=1, problem_count=1, problems=[PROBLEM])

    levels = [record.levelname for _, record in told(lambda report: report.overview(overview))]
    assert levels == ["INFO", "WARNING"]
