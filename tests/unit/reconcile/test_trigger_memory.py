from dataclasses import replace
from datetime import timedelta

from engine.model.identity import TriggerKey
from engine.model.script import Script
from engine.ports import InForce
from engine.reconcile.plan import plan_script
from tests.fakes.world import STARTUP, a_script, an_entry, applied, at, cron, files, observed

NOW = at("2026-05-01 09:30")
BEFORE = "2026-05-01 08:00"
HOURLY, INBOX = cron("0 * * * *"), files("*.csv")
SEEN = {INBOX.key: {"/a.csv": "1"}}


def after(script: Script, in_force: InForce, **facts: object) -> InForce:
    """Return what is in force after a pass over the script."""
    plan = plan_script(an_entry(script, digest="d2"), observed(in_force, **facts), NOW)
    assert plan.in_force is not None
    return plan.in_force


def test_what_was_known_of_a_trigger_goes_with_it():
    in_force = applied(a_script(HOURLY, INBOX), last_due=BEFORE, files=SEEN)

    known = after(a_script(), in_force)

    assert (known.last_due, known.files) == ({}, {})


def test_a_trigger_beside_a_new_one_keeps_what_was_known():
    in_force = applied(a_script(INBOX), last_due=BEFORE, files=SEEN)

    known = after(a_script(INBOX, HOURLY), in_force)

    assert (known.last_due, known.files) == ({INBOX.key: at(BEFORE), HOURLY.key: NOW}, SEEN)


def test_another_pattern_under_the_same_name_has_seen_nothing():
    named = files("*.csv", key=TriggerKey("inbox"))
    in_force = applied(a_script(named), last_due=BEFORE, files={named.key: {"/a.csv": "1"}})

    known = after(a_script(files("*.txt", key=named.key)), in_force)

    assert known.files == {}


def test_a_trigger_that_is_switched_on_has_seen_nothing():
    off = replace(INBOX, enabled=False)
    in_force = applied(a_script(off), last_due=BEFORE, files=SEEN)

    assert after(a_script(INBOX), in_force).files == {}


def test_a_trigger_that_is_switched_off_keeps_its_mark():
    in_force = applied(a_script(HOURLY), last_due=BEFORE)

    known = after(a_script(replace(HOURLY, enabled=False)), in_force)

    assert known.last_due == {HOURLY.key: at(BEFORE)}


def test_what_is_known_is_not_copied_where_nothing_changed():
    in_force = applied(a_script(HOURLY), last_due=BEFORE)
    plan = plan_script(an_entry(a_script(HOURLY)), observed(in_force), at("2026-05-01 08:30"))

    assert plan.in_force is in_force


def test_a_new_startup_trigger_has_the_start_before_it_in_the_first_pass():
    started = NOW - timedelta(seconds=2)

    known = after(a_script(STARTUP), applied(a_script()), starting=started)

    assert known.last_due[STARTUP.key] < started


def test_a_script_that_was_never_valid_has_no_memory():
    never = replace(applied(a_script()), script=None)

    assert after(a_script(HOURLY), never).last_due == {HOURLY.key: NOW}


def test_a_script_that_is_still_not_valid_asks_for_nothing():
    plan = plan_script(
        replace(an_entry(a_script()), script=None),
        observed(replace(applied(a_script()), script=None)),
        NOW,
    )

    assert (plan.build, plan.wake_at, plan.last_due) == (None, None, {})
