from datetime import timedelta

import pytest

from engine.model.identity import RunId
from engine.model.run import Cause, Outcome, RunStatus
from engine.model.script import Overlap
from engine.reconcile.enqueue import (
    Cancel,
    Demand,
    Request,
    enqueue_demands,
    enqueue_request,
    missed_run,
)
from engine.runs.overlap import REPLACED
from tests.fakes.world import URL, a_run, a_script, at, every

NOW = at("2026-05-01 09:30")
EVERY = every(60)
HOUR = timedelta(hours=1)
FIRST, SECOND, THIRD = at("2026-05-01 09:27"), at("2026-05-01 09:28"), at("2026-05-01 09:29")


def demands(*due: object) -> list[Demand]:
    return [Demand(due=moment, cause=Cause.SCHEDULE) for moment in due]  # type: ignore[arg-type]


def request(**fields: object) -> Request:
    known: dict[str, object] = {
        "id": RunId("20260501T093000-abcdef"),
        "cause": Cause.MANUAL,
        "requested_by": "ada",
    }
    return Request(**(known | fields))  # type: ignore[arg-type]


def test_each_moment_leaves_one_row_with_its_run():
    found = enqueue_demands(a_script(EVERY), EVERY, demands(FIRST, SECOND), (), NOW)

    assert [(row.due, row.run_id) for row in found.occurrences] == [
        (run.scheduled_for, run.id) for run in found.runs
    ]


def test_moments_that_come_together_overlap_with_one_another():
    found = enqueue_demands(a_script(EVERY), EVERY, demands(FIRST, SECOND), (), NOW)

    assert [row.outcome for row in found.occurrences] == [Outcome.RAN, Outcome.SKIPPED]


def test_a_skipped_run_is_over_and_says_why():
    found = enqueue_demands(a_script(EVERY), EVERY, demands(FIRST), (a_run(),), NOW)

    (run,) = found.runs
    assert (run.status, run.reason, run.finished_at) == (RunStatus.SKIPPED, "overlap", NOW)


def test_a_long_line_is_not_looked_through_for_each_moment(monkeypatch: pytest.MonkeyPatch):
    script, moments = a_script(EVERY, overlap=Overlap.QUEUE), range(200)
    looks: list[RunStatus] = []
    monkeypatch.setattr(RunStatus, "final", property(lambda status: looks.append(status)))

    enqueue_demands(script, EVERY, demands(*(FIRST + n * HOUR for n in moments)), (), NOW)

    assert len(looks) <= len(moments)


def test_a_script_that_queues_gets_a_run_for_each_moment():
    script = a_script(EVERY, overlap=Overlap.QUEUE)

    found = enqueue_demands(script, EVERY, demands(FIRST, SECOND, THIRD), (), NOW)

    assert [run.status for run in found.runs] == [RunStatus.QUEUED] * 3


def test_the_last_of_moments_that_replace_each_other_is_the_one_to_run():
    script = a_script(EVERY, overlap=Overlap.REPLACE)

    found = enqueue_demands(script, EVERY, demands(FIRST, SECOND, THIRD), (), NOW)

    assert [(run.status, run.reason) for run in found.runs] == [
        (RunStatus.CANCELLED, REPLACED),
        (RunStatus.CANCELLED, REPLACED),
        (RunStatus.QUEUED, ""),
    ]


def test_what_went_before_is_cancelled_once():
    script = a_script(EVERY, overlap=Overlap.REPLACE)
    going = a_run()

    found = enqueue_demands(script, EVERY, demands(FIRST, SECOND), (going,), NOW)

    assert [cancel for cancel in found.cancels if cancel.run == going.id] == [
        Cancel(going.id, REPLACED)
    ]


def test_a_missed_moment_is_shown_as_a_run_that_is_over():
    (row,) = enqueue_demands(a_script(EVERY), EVERY, demands(FIRST), (), NOW).occurrences

    run = missed_run(row, EVERY, NOW)

    assert (run.status, run.scheduled_for, run.finished_at) == (RunStatus.MISSED, FIRST, NOW)


def test_a_request_becomes_a_queued_run_of_who_asked():
    answer = enqueue_request(a_script(), request(args=("-v",), env={"A": "1"}), (), NOW)

    assert not isinstance(answer, str)
    run, cancels = answer
    assert (run.status, run.requested_by, run.args, run.env, cancels) == (
        RunStatus.QUEUED,
        "ada",
        ("-v",),
        (("A", "1"),),
        (),
    )


def test_a_request_is_refused_with_the_rule_that_does():
    assert enqueue_request(a_script(), request(), (a_run(),), NOW) == "overlap"


def test_a_request_replaces_what_goes():
    going = a_run()

    answer = enqueue_request(a_script(overlap=Overlap.REPLACE), request(), (going,), NOW)

    assert answer[1] == (Cancel(going.id, REPLACED),)


def test_the_triggers_arguments_come_before_those_of_the_request():
    url = type(URL)(key=URL.key, args=("--hook",), env=(("A", "0"),))

    answer = enqueue_request(
        a_script(url), request(trigger=url, args=("-v",), env={"B": "1"}), (), NOW
    )

    assert not isinstance(answer, str)
    run = answer[0]
    assert (run.trigger, run.args, run.env) == (
        url.key,
        ("--hook", "-v"),
        (("A", "0"), ("B", "1")),
    )
