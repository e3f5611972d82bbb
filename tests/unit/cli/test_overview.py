"""What there is when the server has started."""

import asyncio
from datetime import timedelta

import pytest

from engine.model.environment import EnvironmentState
from engine.model.plan import Plan
from engine.model.status import EnvironmentReport, ScriptStatus
from engine.model.tree import Problem
from tests.fakes.engine import NOON, FakeEngine, a_health, a_script
from web.cli import overview as overview_module
from web.cli.overview import Overview, overview


def environment(state: EnvironmentState) -> EnvironmentReport:
    return EnvironmentReport(state=state, key=None, python=None, message=None)


def found(*scripts, problems: int = 0) -> Overview:
    state = a_health(scripts=len(scripts), problems=problems)
    return asyncio.run(overview(FakeEngine(state=state).add(*scripts)))


def test_scripts_folders_and_triggers_are_counted():
    counted = found(a_script("a"), a_script("b/c"), a_script("b/d", triggers=()))

    assert (counted.scripts, counted.scheduled, counted.folders) == (3, 2, 1)


def test_environments_are_counted_by_how_they_are():
    states = EnvironmentState
    counted = found(
        *(
            a_script(f"s{number}", environment=environment(state))
            for number, state in enumerate(
                [states.READY, states.MISSING, states.BUILDING, states.FAILED]
            )
        )
    )

    assert (counted.ready, counted.to_build, counted.failed) == (1, 2, 1)


@pytest.mark.parametrize(("stale", "to_build"), [(False, 0), (True, 1)])
def test_a_script_without_a_definition_waits_for_no_environment(stale, to_build):
    broken = a_script(
        "a",
        status=ScriptStatus.ERROR,
        stale=stale,
        environment=environment(EnvironmentState.MISSING),
    )

    assert found(broken).to_build == to_build


def test_problems_are_listed():
    problem = Problem(path="a directory of no script", code="x", message="m")
    engine = FakeEngine(state=a_health(problems=1), pending=Plan(problems=[problem]))

    assert asyncio.run(overview(engine)).problems == [problem]


def test_the_soonest_runs_come_first():
    scripts = [a_script(f"s{n}", next_run=NOON - timedelta(hours=n)) for n in range(7)]

    assert [script for _, script in found(*scripts, a_script("z", next_run=None)).coming] == [
        "s6", "s5", "s4", "s3", "s2",
    ]  # fmt: skip


def test_all_pages_are_looked_at(monkeypatch):
    monkeypatch.setattr(overview_module, "PAGE", 2)

    assert found(*(a_script(f"s{n}") for n in range(5))).scheduled == 5


def test_of_very_many_scripts_only_the_totals_are_known(monkeypatch):
    monkeypatch.setattr(overview_module, "MOST", 1)
    counted = found(a_script("a"), a_script("b"), problems=3)

    assert (counted.scripts, counted.problem_count, counted.complete, counted.scheduled) == (
        2,
        3,
        False,
        0,
    )
