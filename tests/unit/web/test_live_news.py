"""Which scripts an event is about, for those who show a list of scripts."""

from engine.model.environment import EnvironmentRequest
from engine.model.event import (
    BuildChanged,
    OutputGrew,
    PlanApplied,
    RunChanged,
    RunnerChanged,
    SyncChanged,
)
from engine.model.identity import RunId, ScriptId
from engine.model.plan import DeleteScript, MarkScript, Plan
from engine.model.run import RunStatus
from engine.model.tree import Entry
from tests.fakes.engine import a_run
from web.live.news import Change, ScriptNews

LOAD = frozenset({ScriptId("etl/load")})
REQUEST = EnvironmentRequest(python="3.12")


def ended(status: RunStatus, **values: object) -> RunChanged:
    return RunChanged(a_run(status=status, **values))


def building(phase: str) -> BuildChanged:
    return BuildChanged(REQUEST, [ScriptId("etl/load")], phase, "")


def test_a_plan_names_its_scripts_and_those_that_are_gone():
    entry = Entry(id=ScriptId("a"), signature="", digest="", script=None)
    plan = Plan(actions=(MarkScript(entry=entry), DeleteScript(id=ScriptId("b"))))

    assert ScriptNews().of(PlanApplied(plan)) == Change(
        frozenset({ScriptId("a")}), frozenset({ScriptId("b")})
    )


def test_a_run_that_ends_as_the_one_before_is_no_news():
    news = ScriptNews()
    ends = [RunStatus.SUCCESS, RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.SUCCESS]

    assert [news.of(ended(status)) for status in ends] == [
        Change(LOAD),
        None,
        Change(LOAD),
        Change(LOAD),
    ]


def test_a_run_that_is_not_over_or_never_began_says_nothing_of_its_script():
    news = ScriptNews()

    assert news.of(ended(RunStatus.RUNNING)) is None
    assert news.of(ended(RunStatus.SKIPPED, started_at=None)) is None


def test_a_script_that_comes_back_is_news_again():
    news = ScriptNews()
    news.of(ended(RunStatus.SUCCESS))
    news.of(PlanApplied(Plan(actions=(DeleteScript(id=ScriptId("etl/load")),))))

    assert news.of(ended(RunStatus.SUCCESS)) == Change(LOAD)


def test_of_a_build_its_beginning_and_its_end_are_news():
    news = ScriptNews()
    phases = ["resolve", "install", "install", "ready", "resolve", "failed"]

    assert [news.of(building(phase)) is not None for phase in phases] == [
        True,
        False,
        False,
        True,
        True,
        True,
    ]


def test_a_tree_that_goes_out_of_force_is_news_without_a_script():
    assert ScriptNews().of(SyncChanged(failure="no such directory", held=None)) == Change()


def test_what_is_of_no_script_is_no_news():
    news = ScriptNews()

    assert news.of(OutputGrew({RunId("r"): 1})) is None
    assert news.of(RunnerChanged(connected=True)) is None
