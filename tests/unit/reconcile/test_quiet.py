from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.environment import EnvironmentRequest, EnvironmentState
from engine.model.identity import EnvironmentKey, ScriptId, TriggerKey
from engine.model.tree import Entry
from engine.model.trigger import TimedTrigger, Trigger, UrlTrigger
from engine.ports import InForce
from engine.reconcile.plan import ScriptPlan, plan_script
from engine.reconcile.quiet import Quiet, quiet
from engine.schedule.fire_times import first_moment, next_moment
from engine.schedule.missed import settle
from tests.fakes.world import (
    STARTUP,
    a_broken_entry,
    a_script,
    after,
    an_entry,
    applied,
    at,
    cron,
    every,
    files,
    observed,
)

NOW = at("2026-05-01 09:30")
E1 = EnvironmentKey("e1")


def e1(_: EnvironmentRequest) -> EnvironmentKey:
    return E1


def in_force_as(entry: Entry, last_due: str = "2026-05-01 09:29") -> InForce:
    """Return the entry in force, its triggers settled up to then and its environment built."""
    script = entry.script
    assert script is not None
    known = applied(script, last_due=last_due, environment=E1)
    return replace(known, signature=entry.signature, digest=entry.digest)


def test_a_script_that_is_due_later_is_only_woken_then():
    entry = an_entry(a_script(cron("0 * * * *"), every(7200)))

    assert quiet(entry, in_force_as(entry), e1, NOW) == Quiet(at("2026-05-01 10:00"))


def test_a_script_that_waits_for_no_time_is_not_woken():
    entry = an_entry(a_script(after("etl/load")))

    assert quiet(entry, in_force_as(entry), e1, NOW) == Quiet(None)


def test_a_script_that_was_due_is_planned():
    entry = an_entry(a_script(cron("0 * * * *")))

    assert quiet(entry, in_force_as(entry, "2026-05-01 08:59"), e1, NOW) is None


def test_a_script_that_starts_with_the_server_or_watches_files_is_planned():
    entries = [an_entry(a_script(trigger)) for trigger in (STARTUP, files("*.csv"))]

    assert [quiet(each, in_force_as(each), e1, NOW) for each in entries] == [None, None]


def test_a_script_whose_environment_is_not_there_is_planned():
    entry = an_entry(a_script())

    assert quiet(entry, in_force_as(entry), lambda _: None, NOW) is None


def test_a_script_that_is_new_gone_or_broken_is_planned():
    entry = an_entry(a_script())
    known = in_force_as(entry)

    found = [
        quiet(entry, None, e1, NOW),
        quiet(None, known, e1, NOW),
        quiet(a_broken_entry(), known, e1, NOW),
    ]
    assert found == [None, None, None]


def test_a_script_before_the_second_pass_of_a_repeated_hour_is_planned():
    entry = an_entry(a_script(cron("30 2 * * *", timezone="Europe/Berlin")))
    between = at("2026-10-25 01:00")

    assert quiet(entry, in_force_as(entry, "2026-10-25 00:45"), e1, between) is None


TRIGGERS = st.sampled_from(
    [
        cron("0 * * * *"),
        cron("30 2 * * *", timezone="Europe/Berlin"),
        cron("*/7 2 * * *", timezone="Europe/Berlin", jitter=timedelta(minutes=20)),
        cron("0 0 29 2 *"),
        every(3600),
        every(90, jitter=timedelta(seconds=60)),
        replace(every(600), enabled=False),
        after("etl/load"),
        UrlTrigger(key=TriggerKey("url")),
        files("*.csv"),
        STARTUP,
    ]
)
# Around the hour that daylight saving repeats, and the one it skips.
MOMENTS = st.sampled_from([at("2026-10-25 00:00"), at("2026-03-29 00:30"), NOW]).flatmap(
    lambda day: st.integers(-200, 200).map(lambda minutes: day + timedelta(minutes=minutes))
)


@settings(max_examples=150)
@given(
    triggers=st.lists(TRIGGERS, max_size=3, unique_by=lambda trigger: trigger.key),
    now=MOMENTS,
    behind=st.integers(-120, 300),
    enabled=st.booleans(),
)
def test_what_is_said_of_a_quiet_script_is_its_whole_plan(
    triggers: list[Trigger], now: datetime, behind: int, enabled: bool
):
    entry = an_entry(a_script(*triggers, enabled=enabled))
    known = in_force_as(entry, str(now - timedelta(minutes=behind))[:16])
    facts = observed(
        known, environment=EnvironmentState.READY, ready=E1, awake_since=now, starting=now
    )

    said = quiet(entry, known, e1, now)

    if said is not None:
        only = ScriptPlan(in_force=known, wake_at=said.wake_at)
        assert plan_script(entry, facts, now) == only


@settings(max_examples=150)
@given(
    trigger=TRIGGERS.filter(lambda trigger: isinstance(trigger, TimedTrigger)),
    now=MOMENTS,
    behind=st.integers(-1, 120),
)
def test_nothing_of_a_trigger_is_to_be_settled_before_its_first_moment(
    trigger: TimedTrigger, now: datetime, behind: int
):
    script, mark = ScriptId("reports/daily"), now - timedelta(minutes=behind)

    first = first_moment(trigger, script, mark)

    if first is not None and first.runs and first.start > now:
        settled = settle(trigger, script, last_due=mark, now=now, awake_since=now)
        following = next_moment(trigger, script, settled.last_due)
        assert (settled.starts, settled.rows, settled.note) == ((), (), "")
        assert following == first
