from dataclasses import replace
from datetime import timedelta

from engine.model.environment import EnvironmentRequest, EnvironmentState
from engine.model.identity import EnvironmentKey, TriggerKey
from engine.model.plan import CreateScript, DeleteScript, FieldChange, MarkScript, UpdateScript
from engine.model.run import Cause, Outcome, RunStatus
from engine.model.script import Overlap
from engine.model.trigger import CatchUp
from engine.reconcile.plan import plan_script
from tests.fakes.world import (
    STARTUP,
    a_broken_entry,
    a_run,
    a_script,
    an_entry,
    applied,
    at,
    changed,
    cron,
    every,
    files,
    observed,
)

NOW = at("2026-05-01 09:30")


def test_a_new_script_is_created_and_catches_up_nothing():
    script = a_script(cron("0 * * * *"))

    plan = plan_script(an_entry(script), observed(), NOW)

    assert isinstance(plan.action, CreateScript)
    assert plan.runs == ()
    assert plan.wake_at == at("2026-05-01 10:00")


def test_a_script_as_it_is_in_force_needs_nothing():
    script = a_script(cron("0 * * * *"))

    plan = plan_script(
        an_entry(script), observed(applied(script, last_due="2026-05-01 09:29")), NOW
    )

    assert (plan.action, plan.save, plan.build, plan.runs) == (None, False, None, ())


def test_applying_a_plan_leaves_nothing_to_plan():
    script = a_script(cron("0 * * * *"))
    first = plan_script(an_entry(script), observed(), NOW)

    second = plan_script(an_entry(script), observed(first.in_force), NOW)

    assert (second.action, second.save, second.runs) == (None, False, ())


def test_a_changed_field_is_told_with_both_sides():
    script = a_script()

    plan = plan_script(an_entry(changed(script, main="new.py")), observed(applied(script)), NOW)

    assert isinstance(plan.action, UpdateScript)
    assert plan.action.changes == (FieldChange("main", "daily.py", "new.py"),)


def test_a_broken_file_keeps_the_last_good_definition_and_its_schedule():
    script = a_script(cron("0 * * * *"))
    in_force = applied(script, last_due="2026-05-01 08:59")

    plan = plan_script(a_broken_entry(), observed(in_force), NOW)

    assert isinstance(plan.action, MarkScript)
    assert plan.in_force is not None
    assert plan.in_force.script == script
    assert [run.scheduled_for for run in plan.runs] == [at("2026-05-01 09:00")]


def test_a_removed_script_is_deleted_and_its_waiting_runs_withdrawn():
    script = a_script()
    waiting = a_run(status=RunStatus.QUEUED)

    plan = plan_script(None, observed(applied(script), active=(waiting,)), NOW)

    assert plan.action == DeleteScript(id=script.id)
    assert [cancel.run for cancel in plan.cancels] == [waiting.id]


def test_a_running_run_outlives_the_removal_of_its_script():
    plan = plan_script(None, observed(applied(a_script()), active=(a_run(),)), NOW)

    assert plan.cancels == ()


def test_a_due_moment_becomes_one_run_and_one_row():
    script = a_script(cron("0 * * * *"))

    plan = plan_script(
        an_entry(script), observed(applied(script, last_due="2026-05-01 08:59")), NOW
    )

    (run,), (row,) = plan.runs, plan.occurrences
    assert (run.cause, run.scheduled_for, row.run_id) == (Cause.SCHEDULE, row.due, run.id)
    assert row.due == at("2026-05-01 09:00")


def test_many_missed_moments_become_one_run_and_the_others_are_accounted_for():
    script = a_script(cron("0 * * * *"))
    facts = observed(applied(script, last_due="2026-05-01 05:59"), awake_since=NOW)

    plan = plan_script(an_entry(script), facts, NOW)

    assert [row.outcome for row in sorted(plan.occurrences, key=lambda row: row.due)] == [
        Outcome.MISSED,
        Outcome.MISSED,
        Outcome.MISSED,
        Outcome.CAUGHT_UP,
    ]


def test_a_gap_shows_as_one_missed_run_in_the_history():
    script = a_script(cron("0 * * * *", catch_up=CatchUp.NONE))
    facts = observed(applied(script, last_due="2026-05-01 05:59"), awake_since=NOW)

    plan = plan_script(an_entry(script), facts, NOW)

    assert [(run.status, run.scheduled_for) for run in plan.runs] == [
        (RunStatus.MISSED, at("2026-05-01 09:00"))
    ]


def test_a_moment_under_a_run_that_still_goes_is_skipped_with_its_reason():
    script = a_script(cron("0 * * * *"))
    facts = observed(applied(script, last_due="2026-05-01 08:59"), active=(a_run(),))

    plan = plan_script(an_entry(script), facts, NOW)

    (run,), (row,) = plan.runs, plan.occurrences
    assert (run.status, run.reason) == (RunStatus.SKIPPED, "overlap")
    assert (row.outcome, row.reason) == (Outcome.SKIPPED, "overlap")


def test_replace_cancels_the_run_that_still_goes():
    script = a_script(cron("0 * * * *"), overlap=Overlap.REPLACE)
    going = a_run()
    facts = observed(applied(script, last_due="2026-05-01 08:59"), active=(going,))

    plan = plan_script(an_entry(script), facts, NOW)

    assert [cancel.run for cancel in plan.cancels] == [going.id]


def test_two_triggers_due_together_do_not_run_on_top_of_each_other():
    script = a_script(cron("0 * * * *"), every(3600))

    plan = plan_script(
        an_entry(script), observed(applied(script, last_due="2026-05-01 08:59")), NOW
    )

    assert sorted(run.status for run in plan.runs) == [RunStatus.QUEUED, RunStatus.SKIPPED]


def test_a_disabled_script_leaves_paused_rows_and_no_runs():
    script = a_script(cron("0 * * * *"), enabled=False)

    plan = plan_script(
        an_entry(script), observed(applied(script, last_due="2026-05-01 08:59")), NOW
    )

    assert [row.outcome for row in plan.occurrences] == [Outcome.PAUSED]
    assert plan.runs == ()


def test_a_script_that_is_enabled_again_does_not_catch_up_its_pause():
    paused = a_script(cron("0 * * * *"), enabled=False)
    in_force = applied(paused, last_due="2026-05-01 05:59")

    plan = plan_script(an_entry(changed(paused, enabled=True)), observed(in_force), NOW)

    assert (plan.occurrences, plan.runs) == ((), ())


def test_a_changed_expression_under_the_same_name_starts_from_now():
    nightly = cron("0 * * * *", key=TriggerKey("nightly"))
    script = a_script(nightly)
    moved = a_script(cron("30 * * * *", key=TriggerKey("nightly")))
    in_force = applied(script, last_due="2026-05-01 05:59")

    plan = plan_script(an_entry(moved), observed(in_force), NOW)

    assert (plan.runs, plan.wake_at) == ((), at("2026-05-01 10:30"))


def test_changed_arguments_of_a_trigger_forget_no_moment():
    script = a_script(cron("0 * * * *"))
    other = a_script(cron("0 * * * *", args=("--all",)))

    plan = plan_script(an_entry(other), observed(applied(script, last_due="2026-05-01 08:59")), NOW)

    assert [run.args for run in plan.runs] == [("--all",)]


def test_a_missing_environment_is_asked_for():
    script = a_script(environment=EnvironmentRequest(requirements="requests"))

    plan = plan_script(an_entry(script), observed(environment=EnvironmentState.MISSING), NOW)

    assert plan.build == script.environment


def test_a_failed_environment_is_not_asked_for_again():
    plan = plan_script(an_entry(a_script()), observed(environment=EnvironmentState.FAILED), NOW)

    assert plan.build is None


def test_a_built_environment_is_switched_to_in_one_step():
    script = a_script()
    in_force = applied(script, environment=EnvironmentKey("old"))

    plan = plan_script(an_entry(script), observed(in_force, ready=EnvironmentKey("new")), NOW)

    assert plan.save
    assert plan.in_force is not None
    assert plan.in_force.environment == "new"


def test_a_startup_trigger_fires_once_for_a_start_of_the_server():
    script = a_script(STARTUP)
    began = NOW - timedelta(seconds=1)
    first = plan_script(an_entry(script), observed(starting=began), NOW)
    assert first.in_force is not None
    in_force = replace(applied(script), last_due=first.last_due)

    again = plan_script(an_entry(script), observed(in_force, starting=began), NOW)

    assert [run.cause for run in first.runs] == [Cause.STARTUP]
    assert again.runs == ()


def test_a_startup_trigger_that_appears_later_waits_for_the_next_start():
    plan = plan_script(an_entry(a_script(STARTUP)), observed(), NOW)

    assert plan.runs == ()


def test_files_that_lie_there_when_the_trigger_is_first_seen_are_its_past():
    script = a_script(files("inbox/*.csv"))
    seen = {TriggerKey("files:inbox/*.csv"): {"/t/inbox/a.csv": "1"}}

    plan = plan_script(an_entry(script), observed(files=seen), NOW)

    assert (plan.runs, plan.files) == ((), seen)


def test_files_that_appeared_or_changed_reach_the_run():
    script = a_script(files("inbox/*.csv"))
    key = TriggerKey("files:inbox/*.csv")
    before = {key: {"/t/a.csv": "1", "/t/b.csv": "1"}}
    now = {key: {"/t/a.csv": "1", "/t/b.csv": "2", "/t/c.csv": "1"}}

    plan = plan_script(an_entry(script), observed(applied(script, files=before), files=now), NOW)

    assert [run.files for run in plan.runs] == [("/t/b.csv", "/t/c.csv")]


def test_a_file_that_goes_sets_nothing_off():
    script = a_script(files("inbox/*.csv"))
    key = TriggerKey("files:inbox/*.csv")
    in_force = applied(script, files={key: {"/t/a.csv": "1"}})

    plan = plan_script(an_entry(script), observed(in_force, files={key: {}}), NOW)

    assert (plan.runs, plan.files) == ((), {key: {}})


def test_a_moment_of_a_script_without_files_is_blocked_with_its_reason():
    script = a_script(cron("0 * * * *"))
    facts = observed(applied(script, last_due="2026-05-01 08:59"), blocked="its files are gone")

    plan = plan_script(an_entry(script), facts, NOW)

    (row,) = plan.occurrences
    assert (row.outcome, row.reason, plan.runs) == (Outcome.BLOCKED, "its files are gone", ())
