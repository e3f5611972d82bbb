from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.identity import ScriptId, TriggerKey
from engine.model.run import Cause, Outcome
from engine.model.trigger import AtTrigger, CatchUp, CronTrigger, EveryTrigger
from engine.schedule import missed
from engine.schedule.fire_times import delay_of, fire_times
from engine.schedule.missed import PAUSED, Hold, Settlement, settle

SCRIPT = ScriptId("etl/extract")
NINE = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


TEN_MINUTES = minutes(10)


def every(interval: timedelta = TEN_MINUTES, **options: Any) -> EveryTrigger:
    return EveryTrigger(key=TriggerKey("k"), interval=interval, **options)


def started(settlement: Settlement) -> list[tuple[datetime, Cause, Outcome]]:
    return [(start.due, start.cause, start.outcome) for start in settlement.starts]


def recorded(settlement: Settlement) -> list[tuple[datetime, Outcome]]:
    return [(row.due, row.outcome) for row in settlement.rows]


def test_a_moment_that_came_while_the_engine_was_awake_runs():
    settlement = settle(
        every(), SCRIPT, last_due=NINE, now=NINE + minutes(11), awake_since=NINE - minutes(60)
    )

    assert started(settlement) == [(NINE + minutes(10), Cause.SCHEDULE, Outcome.RAN)]


def test_before_the_next_moment_there_is_nothing_to_do():
    settlement = settle(every(), SCRIPT, last_due=NINE, now=NINE + minutes(9), awake_since=NINE)

    assert (settlement.starts, settlement.rows) == ((), ())


def test_the_watermark_moves_up_to_now():
    settlement = settle(every(), SCRIPT, last_due=NINE, now=NINE + minutes(9), awake_since=NINE)

    assert settlement.last_due == NINE + minutes(9)


def test_every_moment_of_an_engine_that_is_awake_but_late_runs_as_scheduled():
    settlement = settle(every(), SCRIPT, last_due=NINE, now=NINE + minutes(35), awake_since=NINE)

    assert [cause for _, cause, _ in started(settlement)] == [Cause.SCHEDULE] * 3


def test_after_downtime_only_the_latest_moment_is_caught_up():
    settlement = settle(
        every(), SCRIPT, last_due=NINE, now=NINE + minutes(35), awake_since=NINE + minutes(35)
    )

    assert started(settlement) == [(NINE + minutes(30), Cause.CATCH_UP, Outcome.CAUGHT_UP)]


def test_the_moments_before_the_latest_are_missed():
    settlement = settle(
        every(), SCRIPT, last_due=NINE, now=NINE + minutes(35), awake_since=NINE + minutes(35)
    )

    assert recorded(settlement) == [
        (NINE + minutes(10), Outcome.MISSED),
        (NINE + minutes(20), Outcome.MISSED),
    ]


def test_a_missed_moment_says_why():
    settlement = settle(
        every(catch_up=CatchUp.NONE),
        SCRIPT,
        last_due=NINE,
        now=NINE + minutes(15),
        awake_since=NINE + minutes(15),
    )

    assert settlement.rows[0].reason == (
        "the server was down or the machine asleep; catch_up: none"
    )


def test_without_catch_up_all_moments_of_the_downtime_are_missed():
    settlement = settle(
        every(catch_up=CatchUp.NONE),
        SCRIPT,
        last_due=NINE,
        now=NINE + minutes(35),
        awake_since=NINE + minutes(35),
    )

    assert (len(settlement.starts), len(settlement.rows)) == (0, 3)


def test_all_of_them_can_be_caught_up_in_order():
    settlement = settle(
        every(catch_up=CatchUp.ALL),
        SCRIPT,
        last_due=NINE,
        now=NINE + minutes(35),
        awake_since=NINE + minutes(35),
    )

    assert [due for due, _, _ in started(settlement)] == [NINE + minutes(n) for n in (10, 20, 30)]


def test_what_is_older_than_the_window_is_not_caught_up():
    settlement = settle(
        every(catch_up=CatchUp.ALL, catch_up_window=minutes(20)),
        SCRIPT,
        last_due=NINE,
        now=NINE + minutes(35),
        awake_since=NINE + minutes(35),
    )

    assert (started(settlement)[0][0], recorded(settlement)) == (
        NINE + minutes(20),
        [(NINE + minutes(10), Outcome.MISSED)],
    )


def test_a_moment_exactly_as_old_as_the_window_is_caught_up():
    trigger = AtTrigger(key=TriggerKey("k"), moment=NINE, catch_up_window=minutes(20))
    now = NINE + minutes(20)

    settlement = settle(trigger, SCRIPT, last_due=NINE - minutes(1), now=now, awake_since=now)

    assert len(settlement.starts) == 1


def test_a_moment_missed_once_for_all_is_caught_up_within_the_window():
    trigger = AtTrigger(key=TriggerKey("k"), moment=NINE + minutes(10))

    settlement = settle(
        trigger, SCRIPT, last_due=NINE, now=NINE + minutes(60), awake_since=NINE + minutes(60)
    )

    assert started(settlement) == [(NINE + minutes(10), Cause.CATCH_UP, Outcome.CAUGHT_UP)]


def test_moments_after_the_restart_run_as_scheduled_beside_the_one_caught_up():
    settlement = settle(
        every(), SCRIPT, last_due=NINE, now=NINE + minutes(45), awake_since=NINE + minutes(35)
    )

    assert [cause for _, cause, _ in started(settlement)] == [Cause.CATCH_UP, Cause.SCHEDULE]


def test_a_new_trigger_does_not_catch_up_the_past():
    settlement = settle(every(), SCRIPT, last_due=NINE, now=NINE, awake_since=NINE - minutes(60))

    assert settlement == Settlement(last_due=NINE)


def test_a_paused_trigger_leaves_a_row_for_each_moment():
    settlement = settle(
        every(), SCRIPT, last_due=NINE, now=NINE + minutes(25), awake_since=NINE, hold=PAUSED
    )

    assert (settlement.starts, recorded(settlement)) == (
        (),
        [(NINE + minutes(10), Outcome.PAUSED), (NINE + minutes(20), Outcome.PAUSED)],
    )


def test_a_trigger_that_is_enabled_again_does_not_catch_up_its_pause():
    paused = settle(
        every(), SCRIPT, last_due=NINE, now=NINE + minutes(25), awake_since=NINE, hold=PAUSED
    )

    enabled = settle(
        every(),
        SCRIPT,
        last_due=paused.last_due,
        now=NINE + minutes(26),
        awake_since=NINE + minutes(26),
    )

    assert (enabled.starts, enabled.rows) == ((), ())


def test_a_blocked_trigger_says_why():
    hold = Hold(Outcome.BLOCKED, "script.yaml:3:1: error")

    settlement = settle(
        every(), SCRIPT, last_due=NINE, now=NINE + minutes(15), awake_since=NINE, hold=hold
    )

    assert [(row.outcome, row.reason) for row in settlement.rows] == [tuple(hold)]


def test_with_jitter_a_moment_waits_for_its_start():
    trigger = every(jitter=minutes(9))
    start = NINE + minutes(10) + delay_of(SCRIPT, trigger)

    early = settle(trigger, SCRIPT, last_due=NINE, now=start - minutes(0.01), awake_since=NINE)

    assert early.starts == ()


def test_with_jitter_the_due_time_stays_the_nominal_one():
    trigger = every(jitter=minutes(9))
    start = NINE + minutes(10) + delay_of(SCRIPT, trigger)

    settlement = settle(trigger, SCRIPT, last_due=NINE, now=start, awake_since=NINE)

    assert [due for due, _, _ in started(settlement)] == [NINE + minutes(10)]


def test_a_moment_whose_delayed_start_the_engine_was_there_for_is_not_missed():
    trigger = every(jitter=minutes(9))
    due = NINE + minutes(10)
    start = due + delay_of(SCRIPT, trigger)

    settlement = settle(trigger, SCRIPT, last_due=NINE, now=start, awake_since=due + minutes(0.01))

    assert [cause for _, cause, _ in started(settlement)] == [Cause.SCHEDULE]


def test_a_longer_jitter_does_not_run_settled_moments_again():
    settled = settle(every(), SCRIPT, last_due=NINE, now=NINE + minutes(10), awake_since=NINE)

    again = settle(
        every(jitter=minutes(60)),
        SCRIPT,
        last_due=settled.last_due,
        now=NINE + minutes(11),
        awake_since=NINE,
    )

    assert again == Settlement(last_due=settled.last_due)


def test_a_clock_set_back_a_little_runs_nothing_twice():
    settled = settle(every(), SCRIPT, last_due=NINE, now=NINE + minutes(10), awake_since=NINE)

    again = settle(
        every(),
        SCRIPT,
        last_due=settled.last_due,
        now=NINE + minutes(9.5),
        awake_since=NINE + minutes(9.5),
    )

    assert again == Settlement(last_due=settled.last_due)


def test_a_watermark_from_a_wrong_future_moves_back_to_now():
    settlement = settle(
        every(), SCRIPT, last_due=NINE + timedelta(days=300), now=NINE, awake_since=NINE
    )

    assert settlement.last_due == NINE


def test_moving_the_watermark_back_is_told():
    settlement = settle(
        every(), SCRIPT, last_due=NINE + timedelta(days=300), now=NINE, awake_since=NINE
    )

    assert settlement.note == (
        "the clock was set back: last settled up to 2027-02-25T09:00:00Z, now 2026-05-01T09:00:00Z"
    )


def test_an_engine_started_in_a_wrong_future_misses_nothing_after_the_correction():
    settlement = settle(
        every(),
        SCRIPT,
        last_due=NINE,
        now=NINE + minutes(15),
        awake_since=NINE + timedelta(days=300),
    )

    assert [cause for _, cause, _ in started(settlement)] == [Cause.SCHEDULE]


def test_a_shifted_moment_is_recorded_as_such():
    trigger = CronTrigger(key=TriggerKey("k"), expression="30 2 * * *", timezone="Europe/Berlin")
    day = datetime(2026, 3, 29, tzinfo=UTC)

    settlement = settle(trigger, SCRIPT, last_due=day, now=day + minutes(120), awake_since=day)

    assert started(settlement) == [(day + minutes(60), Cause.SCHEDULE, Outcome.SHIFTED)]


def test_the_repeated_hour_leaves_a_row_that_nothing_ran():
    trigger = CronTrigger(key=TriggerKey("k"), expression="30 2 * * *", timezone="Europe/Berlin")
    day = datetime(2026, 10, 25, tzinfo=UTC)

    settlement = settle(trigger, SCRIPT, last_due=day, now=day + minutes(120), awake_since=day)

    assert (started(settlement), recorded(settlement)) == (
        [(day + minutes(30), Cause.SCHEDULE, Outcome.RAN)],
        [(day + minutes(90), Outcome.DEDUPLICATED)],
    )


def test_the_repeated_hour_is_never_what_is_caught_up():
    trigger = CronTrigger(key=TriggerKey("k"), expression="30 2 * * *", timezone="Europe/Berlin")
    day = datetime(2026, 10, 25, tzinfo=UTC)

    settlement = settle(
        trigger, SCRIPT, last_due=day, now=day + minutes(120), awake_since=day + minutes(120)
    )

    assert [due for due, _, _ in started(settlement)] == [day + minutes(30)]


@pytest.fixture
def at_most_100(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missed, "MOST_AT_ONCE", 100)


@pytest.mark.usefixtures("at_most_100")
def test_a_year_of_downtime_of_a_trigger_of_every_second_leaves_a_bounded_number_of_rows():
    later = NINE + timedelta(days=365)

    settlement = settle(
        every(timedelta(seconds=1)), SCRIPT, last_due=NINE, now=later, awake_since=later
    )

    assert 50 <= len(settlement.rows) <= 101


@pytest.mark.usefixtures("at_most_100")
def test_the_row_that_stands_for_many_is_the_first_of_them():
    later = NINE + timedelta(days=365)

    settlement = settle(
        every(timedelta(seconds=1)), SCRIPT, last_due=NINE, now=later, awake_since=later
    )

    first = settlement.rows[0]
    assert (first.due, first.reason.partition("; ")[2]) == (
        NINE + timedelta(seconds=1),
        f"this row stands for all moments before {settlement.rows[1].due:%Y-%m-%dT%H:%M:%SZ}",
    )


@pytest.mark.usefixtures("at_most_100")
@pytest.mark.parametrize("hours", [5, 12, 23])
def test_a_burst_long_ago_is_still_caught_up(hours: int):
    trigger = CronTrigger(key=TriggerKey("k"), expression="* * 3 * * *", timezone="UTC")
    day = datetime(2026, 5, 1, tzinfo=UTC)
    later = day + timedelta(hours=hours)

    settlement = settle(trigger, SCRIPT, last_due=day, now=later, awake_since=later)

    assert [due for due, _, _ in started(settlement)] == [
        day + timedelta(hours=3, minutes=59, seconds=59)
    ]


@pytest.mark.usefixtures("at_most_100")
def test_many_moments_of_a_paused_trigger_share_a_row_as_well():
    settlement = settle(
        every(timedelta(seconds=1)),
        SCRIPT,
        last_due=NINE,
        now=NINE + minutes(10),
        awake_since=NINE,
        hold=PAUSED,
    )

    assert {row.outcome for row in settlement.rows} == {Outcome.PAUSED}


@settings(max_examples=40)
@given(
    steps=st.lists(st.floats(min_value=-0.9, max_value=45), min_size=1, max_size=12),
    naps=st.lists(st.booleans(), min_size=12, max_size=12),
    holds=st.lists(st.booleans(), min_size=12, max_size=12),
    catch_up=st.sampled_from(CatchUp),
    jitter=st.sampled_from([0, 4, 25]),
)
def test_whatever_happens_each_moment_is_settled_exactly_once(
    steps: list[float], naps: list[bool], holds: list[bool], catch_up: CatchUp, jitter: int
):
    trigger = every(catch_up=catch_up, jitter=minutes(jitter))
    now = last_due = awake_since = NINE
    settled: Counter[datetime] = Counter()
    for step, nap, hold in zip(steps, naps, holds, strict=False):
        now += minutes(step)
        awake_since = now if nap else min(awake_since, now)
        settlement = settle(
            trigger,
            SCRIPT,
            last_due=last_due,
            now=now,
            awake_since=awake_since,
            hold=PAUSED if hold else None,
        )
        settled.update(start.due for start in settlement.starts)
        settled.update(row.due for row in settlement.rows)
        last_due = settlement.last_due

    expected = [moment.due for moment in fire_times(trigger, after=NINE, until=last_due)]
    assert settled == Counter(expected)
