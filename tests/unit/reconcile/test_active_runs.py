from dataclasses import replace

from engine.model.identity import RunId, ScriptId
from engine.model.run import Run, RunStatus
from engine.reconcile.active import ActiveRuns
from tests.fakes.world import a_run


def run(name: str, status: RunStatus = RunStatus.QUEUED, script: str = "a") -> Run:
    return a_run(script, status, id=RunId(name))


def test_runs_of_a_script_come_oldest_first():
    active = ActiveRuns([run("1"), run("2", script="b"), run("3")])

    assert [each.id for each in active.of(ScriptId("a"))] == ["1", "3"]


def test_a_script_without_runs_has_none():
    assert ActiveRuns().of(ScriptId("a")) == ()


def test_a_run_that_starts_keeps_its_place():
    active = ActiveRuns([run("1"), run("2")])

    active.put(run("1", RunStatus.RUNNING))

    assert [each.id for each in active] == ["1", "2"]


def test_queued_and_running_runs_are_told_apart():
    active = ActiveRuns([run("1"), run("2"), run("3", RunStatus.RUNNING)])

    active.put(run("1", RunStatus.RUNNING))

    assert ([r.id for r in active.queued()], [r.id for r in active.running()]) == (
        ["2"],
        ["3", "1"],
    )


def test_a_final_run_is_taken_out():
    active = ActiveRuns([run("1")])

    active.put(run("1", RunStatus.SUCCESS))

    assert (len(active), active.get(RunId("1")), active.of(ScriptId("a"))) == (0, None, ())


def test_taking_out_what_is_not_there_does_nothing():
    active = ActiveRuns([run("1")])

    active.remove(RunId("2"))

    assert len(active) == 1


def test_the_other_runs_of_a_script_stay():
    active = ActiveRuns([run("1"), run("2")])

    active.remove(RunId("1"))

    assert [each.id for each in active.of(ScriptId("a"))] == ["2"]


def test_a_run_is_given_out_as_it_was_put_last():
    active = ActiveRuns([run("1")])
    changed = replace(run("1"), commit="c1")

    active.put(changed)

    assert active.get(RunId("1")) is changed
