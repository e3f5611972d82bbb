from collections.abc import Sequence
from typing import Any

import pytest

from engine.model.identity import RunId, ScriptId, TriggerKey
from engine.model.run import Cause, Outcome, Run, RunStatus
from engine.model.script import Overlap, Retry, Script
from engine.model.trigger import AfterOutcome
from engine.reconcile.follow import CIRCLE, Consequences, consequences, wanted
from tests.fakes.world import URL, a_run, a_script, after, at

NOW = at("2026-05-01 09:30")
ENDED = at("2026-05-01 09:29")
SCRIPT = a_script()
MAIL = a_script(after(SCRIPT.id), script_id="mail")


def ended(status: RunStatus = RunStatus.SUCCESS, **fields: Any) -> Run:
    known: dict[str, Any] = {"finished_at": ENDED}
    return a_run(status=status, **(known | fields))


def follow(
    run: Run,
    *waiting: Script,
    script: Script | None = SCRIPT,
    active: Sequence[Run] = (),
    circular: bool = False,
) -> Consequences:
    return consequences(run, script, waiting, lambda _: active, NOW, leads_back=lambda _: circular)


def test_a_run_that_nobody_waits_for_sets_off_nothing():
    assert follow(ended()) == Consequences()


def test_a_follower_runs_with_the_end_as_its_due_time():
    (run,) = follow(ended(), MAIL).runs

    assert (run.script, run.cause, run.status, run.scheduled_for) == (
        MAIL.id,
        Cause.AFTER,
        RunStatus.QUEUED,
        ENDED,
    )


def test_a_followers_run_has_its_row():
    found = follow(ended(), MAIL)

    assert [(row.outcome, row.run_id) for row in found.occurrences] == [
        (Outcome.RAN, found.runs[0].id)
    ]


def test_deciding_twice_gives_the_same_run():
    assert follow(ended(), MAIL).runs[0].id == follow(ended(), MAIL).runs[0].id


def test_an_end_without_a_time_is_due_now():
    assert follow(ended(finished_at=None), MAIL).runs[0].scheduled_for == NOW


STATUSES = {
    AfterOutcome.SUCCESS: {RunStatus.SUCCESS},
    AfterOutcome.FAILURE: {
        RunStatus.FAILED,
        RunStatus.TIMEOUT,
        RunStatus.OUT_OF_MEMORY,
        RunStatus.ENV_FAILED,
        RunStatus.INTERRUPTED,
    },
}
STATUSES[AfterOutcome.FINISH] = STATUSES[AfterOutcome.SUCCESS] | STATUSES[AfterOutcome.FAILURE]


@pytest.mark.parametrize("when", list(AfterOutcome))
def test_the_ends_that_set_a_trigger_off(when: AfterOutcome):
    assert {status for status in RunStatus if wanted(when, status)} == STATUSES[when]


def test_a_trigger_on_another_end_stays_quiet():
    on_failure = a_script(after(SCRIPT.id, when=AfterOutcome.FAILURE), script_id="alert")

    assert follow(ended(), on_failure) == Consequences()


def test_a_trigger_on_another_script_stays_quiet():
    assert follow(ended(), a_script(after("other"), script_id="mail")) == Consequences()


def test_other_triggers_of_a_follower_stay_quiet():
    assert follow(ended(), a_script(URL, script_id="mail")) == Consequences()


def test_a_failed_run_is_tried_again_and_followers_wait_for_that():
    retried = a_script(retry=Retry(attempts=2))
    alert = a_script(after(SCRIPT.id, when=AfterOutcome.FAILURE), script_id="alert")

    found = follow(ended(RunStatus.FAILED), alert, script=retried)

    assert found.retry is not None
    assert (found.retry.attempt, found.runs, found.new_runs) == (2, (), (found.retry,))


def test_the_last_attempt_sets_followers_off():
    retried = a_script(retry=Retry(attempts=2))
    alert = a_script(after(SCRIPT.id, when=AfterOutcome.FAILURE), script_id="alert")

    found = follow(ended(RunStatus.FAILED, attempt=2), alert, script=retried)

    assert ([run.script for run in found.new_runs], found.retry) == (["alert"], None)


def test_a_run_whose_script_is_gone_is_not_tried_again_but_followed():
    found = follow(ended(), MAIL, script=None)

    assert [run.script for run in found.runs] == [MAIL.id]


def test_a_follower_that_still_goes_is_skipped():
    found = follow(ended(), MAIL, active=(a_run("mail"),))

    assert [(run.status, run.reason) for run in found.runs] == [(RunStatus.SKIPPED, "overlap")]


def test_a_follower_that_replaces_cancels_what_goes():
    replacing = a_script(after(SCRIPT.id), script_id="mail", overlap=Overlap.REPLACE)
    going = a_run("mail")

    assert [c.run for c in follow(ended(), replacing, active=(going,)).cancels] == [going.id]


def test_two_triggers_of_one_follower_do_not_run_on_top_of_each_other():
    twice = a_script(
        after(SCRIPT.id),
        after(SCRIPT.id, key=TriggerKey("always"), when=AfterOutcome.FINISH),
        script_id="mail",
    )

    assert [run.status for run in follow(ended(), twice).runs] == [
        RunStatus.QUEUED,
        RunStatus.SKIPPED,
    ]


def test_two_triggers_of_a_follower_that_queues_both_run():
    twice = a_script(
        after(SCRIPT.id),
        after(SCRIPT.id, key=TriggerKey("always"), when=AfterOutcome.FINISH),
        script_id="mail",
        overlap=Overlap.QUEUE,
    )

    assert [run.status for run in follow(ended(), twice).runs] == [RunStatus.QUEUED] * 2


@pytest.mark.parametrize(
    "paused",
    [
        a_script(after(SCRIPT.id), script_id="mail", enabled=False),
        a_script(after(SCRIPT.id, enabled=False), script_id="mail"),
    ],
    ids=["script", "trigger"],
)
def test_a_paused_follower_leaves_a_row_that_says_so(paused: Script):
    found = follow(ended(), paused)

    assert ([row.outcome for row in found.occurrences], found.runs) == ([Outcome.PAUSED], ())


def test_scripts_that_run_after_one_another_in_a_circle_are_blocked():
    found = follow(ended(), MAIL, circular=True)

    (row,) = found.occurrences
    assert (row.outcome, CIRCLE in row.reason, found.runs) == (Outcome.BLOCKED, True, ())


def test_a_trigger_passes_on_its_arguments():
    told = a_script(after(SCRIPT.id, args=("--all",), env=(("A", "1"),)), script_id="mail")

    (run,) = follow(ended(), told).runs
    assert (run.args, run.env) == (("--all",), (("A", "1"),))


def test_followers_are_told_apart_by_their_ids():
    found = follow(
        ended(id=RunId("20260501T092900-ab")), MAIL, a_script(after(SCRIPT.id), script_id="b")
    )

    assert {run.script for run in found.runs} == {ScriptId("mail"), ScriptId("b")}
