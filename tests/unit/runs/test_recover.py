from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.run import RunStatus
from engine.ports import RunnerConnected
from engine.runs.disk import NOTHING, Claim, DiskState
from engine.runs.recover import Ended, Live, Lost, NotStarted, recover
from tests.fakes.run_facts import NOON, a_report, a_run

QUEUED = a_run()
RUNNING = a_run(status=RunStatus.RUNNING, started_at=NOON)
CLAIM = Claim(at=NOON, boot="now", pid=77)


def recovered(run=RUNNING, *, live=(), ended=(), disk=NOTHING, boot="now"):
    connected = RunnerConnected(live=dict.fromkeys(live, NOON), ended=ended, boot=boot)
    (result,) = recover([run], connected, {run.id: disk})
    return result


@pytest.mark.parametrize("run", [QUEUED, RUNNING])
def test_a_run_in_the_list_is_live(run):
    assert recovered(run, live=[run.id], disk=DiskState(claim=CLAIM)) == Live(
        id=run.id, started_at=NOON
    )


@pytest.mark.parametrize("run", [QUEUED, RUNNING])
def test_an_end_in_the_list_is_taken_from_it(run):
    assert recovered(run, ended=[a_report()]) == Ended(report=a_report())


@pytest.mark.parametrize("run", [QUEUED, RUNNING])
def test_an_end_that_the_runner_forgot_is_taken_from_the_disk(run):
    disk = DiskState(claim=CLAIM, report=a_report(exit_code=3))

    assert recovered(run, disk=disk) == Ended(report=a_report(exit_code=3))


def test_a_queued_run_without_a_claim_may_be_started():
    assert recovered(QUEUED) == NotStarted(id=QUEUED.id)


@pytest.mark.parametrize(("boot", "now"), [("now", "now"), (None, "now"), (None, ""), ("", "now")])
def test_a_queued_run_that_was_not_sent_before_this_boot_may_be_started(boot, now):
    assert recovered(replace(QUEUED, boot=boot), boot=now) == NotStarted(id=QUEUED.id)


@pytest.mark.parametrize("now", ["now", ""])
def test_a_run_that_was_sent_before_the_machine_went_down_may_have_lost_its_claim(now):
    assert recovered(replace(QUEUED, boot="then"), boot=now) == Lost(
        id=QUEUED.id, reason="the machine went down as it was to start"
    )


def test_a_queued_run_that_is_not_asked_about_may_be_started():
    connected = RunnerConnected(live={}, ended=[])

    assert recover([QUEUED], connected, {}) == [NotStarted(id=QUEUED.id)]


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (CLAIM, "the runner died under it"),
        (Claim(at=NOON, boot="then", pid=77), "the machine restarted under it"),
        (
            Claim(at=NOON, boot="now"),
            "claimed at 2026-05-01T12:00:00Z, cannot be proved started",
        ),
        (Claim(at=None), "claimed, cannot be proved started"),
    ],
)
def test_a_claimed_run_of_which_nothing_else_is_known_is_lost(claim, reason):
    assert recovered(QUEUED, disk=DiskState(claim=claim)) == Lost(id=QUEUED.id, reason=reason)


def test_a_run_that_was_seen_running_needs_no_other_proof_of_its_start():
    disk = DiskState(claim=Claim(at=NOON))

    assert recovered(RUNNING, disk=disk) == Lost(id=RUNNING.id, reason="the runner died under it")


def test_a_running_run_whose_directory_is_gone_is_lost():
    assert recovered(RUNNING) == Lost(
        id=RUNNING.id, reason="its directory is gone, and the runner does not know it"
    )


claims = st.one_of(
    st.none(), st.builds(Claim, at=st.just(NOON), pid=st.one_of(st.none(), st.just(1)))
)
disks = st.builds(DiskState, claim=claims, report=st.sampled_from([None, a_report()]))


@settings(max_examples=50)
@given(st.sampled_from([QUEUED, RUNNING]), disks, st.booleans(), st.booleans())
def test_a_run_may_be_started_only_if_no_witness_knows_of_it(run, disk, live, over):
    result = recovered(
        run, live=[run.id] if live else (), ended=[a_report()] if over else (), disk=disk
    )

    witnesses = live or over or disk.claim or disk.report or run.status is RunStatus.RUNNING
    assert isinstance(result, NotStarted) == (not witnesses)


@pytest.mark.parametrize("run", [QUEUED, RUNNING])
def test_a_run_whose_directory_cannot_be_read_is_not_started(run):
    assert recovered(run, disk=DiskState(damage="Input/output error")) == Lost(
        id=run.id, reason="its directory cannot be read: Input/output error"
    )


def test_every_run_is_answered_in_the_order_asked():
    runs = [a_run(f"20260501T120000-0{n}") for n in range(3)]
    report = a_report(runs[2].id, finished_at=NOON + timedelta(1))

    results = recover(runs, RunnerConnected(live={runs[1].id: NOON}, ended=[report]), {})

    assert [result.id for result in results] == [run.id for run in runs]
