from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from engine.model.identity import TriggerKey
from engine.model.run import Cause, Outcome, RunStatus
from engine.model.script import Overlap, Script
from engine.model.trigger import AtTrigger, CatchUp
from engine.reconcile.moments import Moments, settle_triggers
from tests.fakes.world import (
    STARTUP,
    URL,
    a_script,
    after,
    applied,
    at,
    cron,
    every,
    files,
    observed,
)

NOW = at("2026-05-01 09:30")
HOURLY = cron("0 * * * *")
INBOX = files("*.csv")


def settle(script: Script, last_due: str = "2026-05-01 08:30", **facts: Any) -> Moments:
    marks = {trigger.key: at(last_due) for trigger in script.triggers}
    return settle_triggers(script, marks, observed(applied(script), **facts), NOW)


def watched(before: dict[str, str] | None, now: dict[str, str] | None, **fields: Any) -> Moments:
    """Settle a script with a `files` trigger that has seen `before` and sees `now`."""
    script = a_script(INBOX, **fields)
    seen = {} if before is None else {INBOX.key: before}
    facts = observed(applied(script, files=seen), files={} if now is None else {INBOX.key: now})
    return settle_triggers(script, {INBOX.key: NOW}, facts, NOW)


def test_triggers_without_a_clock_ask_for_nothing():
    assert settle(a_script(URL, after("other"))) == Moments()


def test_a_due_moment_moves_the_mark_of_its_trigger():
    assert settle(a_script(HOURLY)).last_due == {HOURLY.key: NOW}


def test_a_trigger_with_nothing_due_keeps_its_mark():
    assert settle(a_script(HOURLY), "2026-05-01 09:10").last_due == {}


def test_the_script_is_woken_for_the_first_of_its_triggers():
    script = a_script(HOURLY, every(600), cron("45 * * * *"))

    assert settle(script).wake_at == at("2026-05-01 09:40")


def test_a_trigger_that_never_comes_again_wakes_nobody():
    once = AtTrigger(key=TriggerKey("once"), moment=at("2026-05-01 09:00"))

    assert settle(a_script(once)).wake_at is None


def test_a_mark_in_the_far_future_is_moved_back_with_a_note():
    found = settle(a_script(HOURLY), "2030-01-01 00:00")

    assert (found.last_due, len(found.notes)) == ({HOURLY.key: NOW}, 1)


def test_each_trigger_that_missed_moments_shows_its_newest():
    half, full = (cron(f"{minute} * * * *", catch_up=CatchUp.NONE) for minute in (30, 0))

    found = settle(a_script(half, full), "2026-05-01 06:50", awake_since=at("2026-05-01 09:30"))

    missed = [run.scheduled_for for run in found.runs if run.status is RunStatus.MISSED]
    assert missed == [at("2026-05-01 08:30"), at("2026-05-01 09:00")]


def test_a_paused_trigger_leaves_rows_and_the_others_run():
    script = a_script(replace(HOURLY, enabled=False), every(3600))

    assert sorted(row.outcome for row in settle(script).occurrences) == [
        Outcome.PAUSED,
        Outcome.RAN,
    ]


def test_a_later_trigger_that_replaces_cancels_the_run_of_the_earlier():
    found = settle(a_script(HOURLY, every(3600), overlap=Overlap.REPLACE))

    assert [cancel.run for cancel in found.cancels] == [found.runs[0].id]


def started(last_due: datetime, starting: datetime | None, **fields: Any) -> Moments:
    script = a_script(STARTUP, **fields)
    facts = observed(applied(script), starting=starting)
    return settle_triggers(script, {STARTUP.key: last_due}, facts, NOW)


def test_a_startup_trigger_fires_when_the_server_started_after_its_mark():
    found = started(NOW - timedelta(days=1), NOW)

    assert ([run.cause for run in found.runs], found.last_due) == (
        [Cause.STARTUP],
        {STARTUP.key: NOW},
    )


def test_a_startup_trigger_does_not_fire_twice_for_one_start():
    assert started(NOW, NOW) == Moments()


def test_a_startup_trigger_does_not_fire_in_later_passes():
    assert started(NOW - timedelta(days=1), None) == Moments()


def test_a_startup_trigger_whose_mark_is_in_the_far_future_fires():
    found = started(NOW + timedelta(days=365), NOW)

    assert (len(found.runs), found.last_due) == (1, {STARTUP.key: NOW})


def test_a_paused_startup_trigger_leaves_a_row():
    found = started(NOW - timedelta(days=1), NOW, enabled=False)

    assert ([row.outcome for row in found.occurrences], found.runs) == ([Outcome.PAUSED], [])


def test_files_that_were_not_looked_at_are_as_they_were():
    assert watched({"/a.csv": "1"}, None) == Moments()


def test_files_as_they_were_seen_ask_for_nothing():
    assert watched({"/a.csv": "1"}, {"/a.csv": "1"}) == Moments()


def test_files_of_a_script_that_is_not_in_force_are_its_past():
    script = a_script(INBOX)

    found = settle_triggers(
        script, {INBOX.key: NOW}, observed(files={INBOX.key: {"/a.csv": "1"}}), NOW
    )

    assert (found.runs, found.files) == ([], {INBOX.key: {"/a.csv": "1"}})


def test_new_files_are_handed_to_one_run_in_order():
    found = watched({}, {"/b.csv": "1", "/a.csv": "1"})

    assert [(run.cause, run.files) for run in found.runs] == [(Cause.FILES, ("/a.csv", "/b.csv"))]


def test_more_files_than_a_variable_holds_are_divided_among_runs():
    paths = [f"/{number:04}{'x' * 96}" for number in range(1500)]

    found = watched({}, dict.fromkeys(paths, "1"), overlap=Overlap.QUEUE)

    assert [path for run in found.runs for path in run.files] == paths
    assert max(len("\n".join(run.files)) for run in found.runs) < 128 * 1024
    assert len({run.id for run in found.runs} & {row.run_id for row in found.occurrences}) == 2


def test_files_that_only_went_are_remembered_as_gone():
    found = watched({"/a.csv": "1"}, {})

    assert (found.runs, found.files) == ([], {INBOX.key: {}})


def test_new_files_of_a_paused_script_leave_a_row():
    found = watched({}, {"/a.csv": "1"}, enabled=False)

    assert ([row.outcome for row in found.occurrences], found.runs) == ([Outcome.PAUSED], [])
