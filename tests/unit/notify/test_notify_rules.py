"""Whom to tell of what, and of what not any more."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.notice import NoticeKind, Standing
from engine.model.run import FAILURES, RunStatus
from engine.model.script import Limits
from engine.notify.rules import (
    REPEAT,
    Told,
    after_end,
    beginning,
    ends_to_tell,
    expects,
    long_after,
    overdue_at,
    wants,
    when_overdue,
)
from tests.fakes.clock import START
from tests.fakes.told import ALL, an_end, telling
from tests.fakes.world import a_script

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SUCCESS, FAILED, MISSED = RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.MISSED
FAILING = Standing(failing_since=START, failures=2, failure_told_at=START)


def kinds(*statuses, when=ALL, every=MINUTE):
    """What is told of runs that end one after another with these statuses."""
    standing, told = Standing(), []
    for number, status in enumerate(statuses, 1):
        at = START + number * every
        standing, found = after_end(standing, an_end(number, status, finished_at=at), when, at)
        told.append(found.kind.value if found else "")
    return told


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((SUCCESS,), ["success"]),
        ((FAILED,), ["failure"]),
        ((FAILED, SUCCESS), ["failure", "recovery"]),
        ((FAILED, SUCCESS, SUCCESS), ["failure", "recovery", "success"]),
        ((FAILED, FAILED, SUCCESS), ["failure", "", "recovery"]),
        ((FAILED, SUCCESS, FAILED), ["failure", "recovery", "failure"]),
        ((FAILED, RunStatus.SKIPPED, SUCCESS), ["failure", "", "recovery"]),
        ((FAILED, RunStatus.CANCELLED, SUCCESS), ["failure", "", "recovery"]),
        ((MISSED, SUCCESS), ["missed", "success"]),
        ((MISSED, MISSED), ["missed", ""]),
        ((RunStatus.SKIPPED, RunStatus.CANCELLED), ["", ""]),
        *(((status,), ["failure"]) for status in sorted(FAILURES)),
    ],
)
def test_a_course_of_runs_tells_this(statuses, expected):
    assert kinds(*statuses) == expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (("failure",), ["failure", ""]),
        (("recovery",), ["", "recovery"]),
        (("success",), ["", "success"]),
        (("missed",), ["", ""]),
    ],
)
def test_only_what_is_asked_for_is_told(when, expected):
    assert kinds(FAILED, SUCCESS, when=when) == expected


def test_a_series_of_failures_is_told_again_once_an_hour():
    assert kinds(*[FAILED] * 7, every=20 * MINUTE) == [
        "failure",
        "",
        "",
        "failure",
        "",
        "",
        "failure",
    ]


def test_a_job_of_every_day_tells_each_failure():
    assert kinds(FAILED, FAILED, every=24 * HOUR) == ["failure", "failure"]


def test_a_clock_that_was_set_back_silences_nothing():
    standing = replace(FAILING, failure_told_at=START + 10 * HOUR)

    _, told = after_end(standing, an_end(), ALL, START)

    assert told is not None


def test_a_failure_tells_how_many_there_were_since_when():
    at = START + 2 * HOUR
    _, told = after_end(FAILING, an_end(), ALL, at)

    assert told == Told(kind=NoticeKind.FAILURE, run=an_end().id, failures=3, since=START)


def test_nothing_is_known_of_failures_after_a_success():
    after, _ = after_end(FAILING, an_end(5, SUCCESS), ALL, START + HOUR)

    assert after == Standing(expected_since=START + 5 * MINUTE)


def test_a_script_that_failed_before_it_had_notify_recovers_too():
    run = an_end(1, SUCCESS, previous_status=FAILED)

    _, told = after_end(beginning(run), run, ALL, START)

    assert told is not None
    assert told.kind is NoticeKind.RECOVERY


def test_a_second_attempt_that_succeeds_is_no_recovery():
    run = an_end(1, SUCCESS, previous_status=FAILED, attempt=2)

    _, told = after_end(beginning(run), run, ALL, START)

    assert told is not None
    assert told.kind is NoticeKind.SUCCESS


def test_a_failure_that_is_tried_again_is_not_told():
    failed = an_end(1)
    retry = an_end(2, RunStatus.QUEUED, attempt=2, first_id=failed.id)

    assert ends_to_tell([failed], [retry]) == []


def test_the_failure_of_the_last_attempt_is_told():
    last = an_end(2, attempt=2, first_id=an_end(1).id)
    follower = an_end(3, RunStatus.QUEUED)

    assert ends_to_tell([last], [follower]) == [last.id]


@pytest.mark.parametrize("status", [RunStatus.SKIPPED, RunStatus.CANCELLED])
def test_an_end_that_means_nothing_is_not_even_looked_at(status):
    assert ends_to_tell([an_end(1, status)], []) == []


@pytest.mark.parametrize(
    ("script", "wanted"),
    [(telling(), True), (telling(enabled=False), False), (a_script(), False), (None, False)],
)
def test_only_a_script_that_is_on_and_names_somebody_tells(script, wanted):
    assert wants(script) is wanted


EXPECTING = telling("missed", expect_within=26 * HOUR)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (EXPECTING, True),
        (replace(EXPECTING, enabled=False), False),
        (replace(EXPECTING, notify=None), False),
        (telling("failure", expect_within=HOUR), False),
        (telling("missed"), False),
        (None, False),
    ],
)
def test_a_success_is_waited_for_where_somebody_would_be_told(script, expected):
    assert expects(script) is expected


def test_a_success_that_does_not_come_is_told_when_it_is_late():
    standing = Standing(expected_since=START)

    assert overdue_at(EXPECTING, standing) == START + 26 * HOUR
    assert when_overdue(EXPECTING, standing, START + 26 * HOUR - MINUTE) == (standing, None)
    assert when_overdue(EXPECTING, standing, START + 26 * HOUR) == (
        replace(standing, overdue_told=True),
        Told(kind=NoticeKind.MISSED, since=START),
    )


def test_it_is_told_once():
    standing, _ = when_overdue(EXPECTING, Standing(expected_since=START), START + 27 * HOUR)

    assert when_overdue(EXPECTING, standing, START + 99 * HOUR) == (standing, None)


def test_a_success_after_it_is_a_recovery_and_begins_anew():
    standing = Standing(expected_since=START, overdue_told=True)

    after, told = after_end(standing, an_end(30, SUCCESS), ALL, START + 30 * MINUTE)

    assert told is not None
    assert told.kind is NoticeKind.RECOVERY
    assert overdue_at(EXPECTING, after) == START + 26 * HOUR + 30 * MINUTE


@pytest.mark.parametrize(
    ("seconds", "timeout", "bound"),
    [
        ([], None, None),
        ([10, 10], None, None),
        ([10, 10, 10], None, MINUTE),
        ([100, 100, 100], None, 5 * MINUTE),
        ([100, 100, 4000], None, 5 * MINUTE),
        ([], timedelta(seconds=10), timedelta(seconds=8)),
        ([100, 100, 100], timedelta(seconds=100), timedelta(seconds=80)),
        ([100, 100, 100], HOUR, 5 * MINUTE),
    ],
)
def test_a_run_takes_long_beyond_what_is_usual_or_near_its_limit(seconds, timeout, bound):
    script = telling(limits=Limits(timeout=timeout))

    assert long_after(script, [timedelta(seconds=each) for each in seconds]) == bound


@settings(max_examples=100)
@given(st.lists(st.sampled_from(RunStatus), max_size=30), st.integers(1, 4000))
def test_a_recovery_follows_a_trouble_and_no_run_tells_two_things(statuses, seconds):
    told = kinds(*statuses, every=timedelta(seconds=seconds))

    trouble = False
    for status, kind in zip(statuses, told, strict=True):
        assert (kind == "recovery") == (trouble and status is SUCCESS)
        if kind in {"failure", "success", "missed"}:
            assert {"failure": status in FAILURES}.get(kind, status == kind)
        trouble = (trouble or status in FAILURES) and status is not SUCCESS


@settings(max_examples=100)
@given(st.integers(1, 60))
def test_failures_are_never_told_more_often_than_that(minutes):
    every = minutes * MINUTE
    told = kinds(*[FAILED] * 100, every=every)
    places = [place for place, kind in enumerate(told) if kind]

    assert places[0] == 0
    assert all((b - a) * every >= REPEAT for a, b in pairwise(places))


def a_retry(**fields):
    values = {
        "attempt": 2, "first_id": "20261124T090000-1", "previous_status": FAILED,
        "started_at": None, **fields,
    }  # fmt: skip
    return an_end(2, RunStatus.CANCELLED, **values)


def test_a_retry_that_is_cancelled_before_it_begins_tells_of_the_failure_before():
    retry = a_retry()
    _, told = after_end(Standing(), retry, ALL, START)

    assert ends_to_tell([retry], [an_end(3)]) == [retry.id]
    assert told is not None
    assert told.kind is NoticeKind.FAILURE


@pytest.mark.parametrize(
    "fields", [{"started_at": START}, {"attempt": 1, "first_id": None}, {"previous_status": None}]
)
def test_any_other_run_that_is_cancelled_tells_nothing(fields):
    retry = a_retry(**fields)

    assert ends_to_tell([retry], []) == []
    assert after_end(Standing(), retry, ALL, START) == (Standing(), None)
