"""What is counted of runs and builds as they are told."""

from datetime import timedelta

import pytest

from engine.model.environment import EnvironmentRequest
from engine.model.event import BuildChanged, RunChanged
from engine.model.identity import ScriptId
from engine.model.run import Cause, RunStatus
from engine.service.run_tally import RunTally
from tests.fakes.run_facts import NOON, a_run

LATER = NOON + timedelta(seconds=3)


def counted(*runs, by_script=False):
    tally = RunTally(by_script=by_script)
    for run in runs:
        tally.hear(RunChanged(run))
    return tally.counts()


def going(**facts):
    return a_run(status=RunStatus.RUNNING, started_at=LATER, **facts)


def over(status=RunStatus.SUCCESS, **facts):
    known = {"started_at": LATER, "duration_ms": 1_500}
    return a_run(status=status, **(known | facts))


def test_ends_are_counted_by_status():
    counts = counted(a_run(), going(), over(), a_run("other", status=RunStatus.SKIPPED))

    assert counts.ended == {RunStatus.SUCCESS: 1, RunStatus.SKIPPED: 1}


def test_a_start_is_counted_once_however_often_it_is_told():
    counts = counted(going(), going(), over())

    assert (counts.waits.count, counts.waits.total) == (1, 3.0)


def test_of_a_run_that_began_without_us_the_start_is_counted_at_its_end():
    assert counted(over()).waits.count == 1


def test_a_run_that_never_started_has_waited_for_nothing():
    counts = counted(over(RunStatus.CANCELLED, started_at=None, duration_ms=None))

    assert (counts.waits.count, counts.durations.count) == (0, 0)


def test_durations_are_in_seconds():
    assert counted(over()).durations.total == 1.5


@pytest.mark.parametrize(
    ("cause", "count"), [(Cause.SCHEDULE, 1), (Cause.CATCH_UP, 0), (Cause.RETRY, 0)]
)
def test_only_what_the_schedule_asked_for_can_be_late(cause, count):
    counts = counted(over(cause=cause, scheduled_for=NOON))

    assert counts.lateness.count == count


@pytest.mark.parametrize(
    ("by_script", "found"), [(True, {ScriptId("etl/load"): {RunStatus.SUCCESS: 1}}), (False, {})]
)
def test_scripts_are_told_apart_if_that_is_asked_for(by_script, found):
    assert counted(over(), by_script=by_script).by_script == found


def test_builds_are_counted_when_they_are_over():
    tally = RunTally(by_script=False)
    for phase in ("resolve", "install", "ready", "failed", "ready"):
        tally.hear(BuildChanged(EnvironmentRequest(), (), phase, ""))

    assert tally.counts().builds == {"ready": 2, "failed": 1}


def test_nothing_is_kept_of_a_run_that_is_over():
    tally = RunTally(by_script=False)
    for run in (going(), over()):
        tally.hear(RunChanged(run))

    assert tally._begun == set()
