from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.run import RunStatus
from engine.model.script import Limits
from engine.runs.verdict import conclude, ended_without_report, started
from tests.fakes.run_facts import NOON, a_report, a_run, a_script

RUNNING = a_run(status=RunStatus.RUNNING, started_at=NOON)
LIMITED = a_script(
    limits=Limits(timeout=timedelta(minutes=5), memory=512_000_000, processes=64),
    success_exit_codes=(0, 4),
    skip_exit_codes=(75,),
)


def verdict(script=LIMITED, **facts):
    run = conclude(RUNNING, a_report(**facts), script)
    return run.status, run.reason


@pytest.mark.parametrize(
    ("facts", "status", "reason"),
    [
        ({"exit_code": 0}, RunStatus.SUCCESS, ""),
        ({"exit_code": 4}, RunStatus.SUCCESS, ""),
        ({"exit_code": 75}, RunStatus.SKIPPED, "exit 75"),
        ({"exit_code": 3}, RunStatus.FAILED, "exit 3"),
        ({"exit_code": -11}, RunStatus.FAILED, "SIGSEGV"),
        ({"exit_code": None}, RunStatus.FAILED, "the runner does not know how it ended"),
        ({"ended_by": "timeout", "exit_code": 0}, RunStatus.TIMEOUT, "limit 5m"),
        (
            {"ended_by": "memory", "exit_code": -9, "peak_memory_bytes": 530_400_000},
            RunStatus.OUT_OF_MEMORY,
            "limit 512 MB, peak 530 MB",
        ),
        ({"ended_by": "processes", "exit_code": -9}, RunStatus.FAILED, "limit 64 processes"),
        (
            {"ended_by": "cancel", "detail": "cancelled by ada"},
            RunStatus.CANCELLED,
            "cancelled by ada",
        ),
        ({"ended_by": "shutdown", "exit_code": -15}, RunStatus.CANCELLED, "server stopped"),
        (
            {"ended_by": "spawn", "exit_code": None, "detail": "no such file: /envs/x/bin/python"},
            RunStatus.FAILED,
            "could not be started: no such file: /envs/x/bin/python",
        ),
        ({"ended_by": "comet"}, RunStatus.FAILED, "stopped by the runner (comet)"),
    ],
)
def test_what_ended_a_run_decides_its_status_and_reason(facts, status, reason):
    assert verdict(**facts) == (status, reason)


def test_without_its_script_only_exit_code_zero_is_a_success():
    assert verdict(None, exit_code=4) == (RunStatus.FAILED, "exit 4")


@pytest.mark.parametrize(
    ("ended_by", "reason"),
    [("timeout", "time limit"), ("memory", "peak 12 MB"), ("processes", "too many processes")],
)
def test_a_limit_that_is_no_longer_known_is_described_by_what_is(ended_by, reason):
    assert verdict(None, ended_by=ended_by)[1] == reason


@pytest.mark.parametrize("ended_by", ["memory", "processes"])
def test_the_limit_that_was_in_force_is_told_though_the_manifest_changed(ended_by):
    assert verdict(ended_by=ended_by, detail="limit 9, peak 10")[1] == "limit 9, peak 10"


def test_a_limit_in_units_of_1024_is_compared_in_them():
    script = a_script(limits=Limits(memory=2**30))

    assert verdict(script, ended_by="memory", peak_memory_bytes=1_150_000_000) == (
        RunStatus.OUT_OF_MEMORY,
        "limit 1 GiB, peak 1.07 GiB",
    )


def test_measurements_are_kept():
    run = conclude(RUNNING, a_report(cpu_ms=41, output_bytes=7, output_cut=2), LIMITED)

    assert (run.duration_ms, run.cpu_ms, run.peak_memory_bytes) == (3000, 41, 12_000_000)
    assert (run.output_bytes, run.output_cut, run.finished_at) == (
        7,
        2,
        NOON + timedelta(seconds=3),
    )


def test_a_start_that_was_never_reported_is_taken_from_the_end():
    assert conclude(a_run(), a_report(started_at=NOON), LIMITED).started_at == NOON


def test_a_started_run_is_running_and_waits_for_nothing():
    run = started(a_run(reason="waits for a free slot"), NOON)

    assert (run.status, run.started_at, run.reason) == (RunStatus.RUNNING, NOON, "")


def test_ending_a_run_that_never_started_gives_it_no_start_time():
    run = ended_without_report(a_run(), RunStatus.CANCELLED, "cancelled by ada", NOON)

    assert (run.status, run.started_at, run.finished_at) == (RunStatus.CANCELLED, None, NOON)


def test_a_run_cannot_end_as_running():
    with pytest.raises(ValueError, match="running does not end a run"):
        ended_without_report(a_run(), RunStatus.RUNNING, "", NOON)


final_runs = st.sampled_from([s for s in RunStatus if s.final]).map(
    lambda status: a_run(status=status, reason="kept", finished_at=NOON)
)
steps = st.sampled_from(
    [
        lambda run: started(run, NOON),
        lambda run: conclude(run, a_report(exit_code=1), LIMITED),
        lambda run: conclude(run, a_report(), None),
        lambda run: ended_without_report(run, RunStatus.INTERRUPTED, "lost", NOON),
    ]
)


@settings(max_examples=30)
@given(final_runs, st.lists(steps, max_size=4))
def test_a_final_run_never_changes(run, sequence):
    after = run
    for step in sequence:
        after = step(after)

    assert after == run


@settings(max_examples=30)
@given(st.lists(steps, min_size=1, max_size=6))
def test_a_run_goes_from_queued_to_running_to_one_end(sequence):
    order = [RunStatus.QUEUED]
    run = a_run()
    for step in sequence:
        run = step(run)
        if run.status is not order[-1]:
            order.append(run.status)

    middle = [RunStatus.RUNNING] if RunStatus.RUNNING in order else []
    assert order[1 : 1 + len(middle)] == middle
    assert sum(status.final for status in order) <= 1
