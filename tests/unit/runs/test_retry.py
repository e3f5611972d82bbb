from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.run import Cause, RunStatus
from engine.model.script import Retry
from engine.runs.retry import delay_before, next_attempt
from tests.fakes.run_facts import NOON, a_run, a_script

FAILED = a_run(status=RunStatus.FAILED, finished_at=NOON)
THREE = a_script(retry=Retry(attempts=3, delay=timedelta(seconds=10)))


def test_a_script_without_a_retry_policy_is_not_tried_again():
    assert next_attempt(a_script(), FAILED) is None


def test_a_failed_run_is_tried_again_after_the_delay():
    again = next_attempt(THREE, FAILED)

    assert again is not None
    assert (again.status, again.cause, again.attempt) == (RunStatus.QUEUED, Cause.RETRY, 2)
    assert again.not_before == NOON + timedelta(seconds=10)


def test_the_same_failure_gives_the_same_attempt():
    assert next_attempt(THREE, FAILED) == next_attempt(THREE, FAILED)


def test_attempts_count_the_first():
    last = a_run(status=RunStatus.FAILED, finished_at=NOON, attempt=3)

    assert next_attempt(THREE, last) is None


@pytest.mark.parametrize("status", [s for s in RunStatus if s is not RunStatus.FAILED])
def test_only_a_status_in_when_is_tried_again(status):
    script = a_script(retry=Retry(attempts=3, when=(RunStatus.FAILED,)))

    assert next_attempt(script, a_run(status=status, finished_at=NOON)) is None


def test_an_interrupted_run_is_tried_again_when_the_policy_says_so():
    script = a_script(retry=Retry(attempts=2, when=(RunStatus.INTERRUPTED,)))

    assert next_attempt(script, a_run(status=RunStatus.INTERRUPTED, finished_at=NOON))


def test_a_cancelled_run_is_not_tried_again_even_if_the_policy_says_so():
    script = a_script(retry=Retry(attempts=2, when=(RunStatus.CANCELLED,)))

    assert next_attempt(script, a_run(status=RunStatus.CANCELLED, finished_at=NOON)) is None


def test_what_was_asked_for_is_carried_over():
    asked = {
        "args": ("--all",),
        "env": (("A", "1"),),
        "files": ("/in/a.csv",),
        "payload": "/data/payload",
        "requested_by": "ada",
        "trigger": "nightly",
        "scheduled_for": NOON,
    }

    again = next_attempt(THREE, a_run(status=RunStatus.FAILED, finished_at=NOON, **asked))

    assert {name: getattr(again, name) for name in asked} == asked


def test_a_retry_sees_the_status_of_the_attempt_before():
    again = next_attempt(THREE, FAILED)

    assert again is not None
    assert again.previous_status is RunStatus.FAILED


def test_a_mended_script_is_what_is_tried_again():
    again = next_attempt(
        THREE, a_run(status=RunStatus.FAILED, finished_at=NOON, commit="c0ffee", digest="d")
    )

    assert again is not None
    assert (again.commit, again.digest) == (None, None)


@settings(max_examples=30)
@given(st.integers(2, 8))
def test_a_chain_of_failures_makes_exactly_the_attempts_asked_for(attempts):
    script = a_script(retry=Retry(attempts=attempts))
    chain = [FAILED]
    while (again := next_attempt(script, chain[-1])) is not None:
        over = {"status": RunStatus.FAILED, "finished_at": NOON}
        chain.append(a_run(again.id, attempt=again.attempt, first_id=again.first_id, **over))

    assert len({run.id for run in chain}) == attempts
    assert {run.first_id for run in chain[1:]} == {FAILED.id}


@settings(max_examples=30)
@given(
    st.floats(0, 1e6), st.floats(1, 100), st.floats(0, 1e6), st.integers(2, 2000)
)  # fmt: skip
def test_a_delay_is_never_longer_than_its_bound(delay, backoff, most, attempt):
    retry = Retry(
        attempts=attempt,
        delay=timedelta(seconds=delay),
        backoff=backoff,
        max_delay=timedelta(seconds=most),
    )

    assert timedelta() <= delay_before(retry, attempt) <= retry.max_delay


def test_delays_grow_by_the_backoff_up_to_the_bound():
    retry = Retry(
        attempts=9, delay=timedelta(seconds=10), backoff=2, max_delay=timedelta(seconds=60)
    )

    assert [delay_before(retry, n).total_seconds() for n in range(2, 7)] == [10, 20, 40, 60, 60]
