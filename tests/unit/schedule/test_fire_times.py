from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from engine.errors import InvalidCron, InvalidInput
from engine.model.identity import ScriptId, TriggerKey
from engine.model.trigger import AtTrigger, CronTrigger, EveryTrigger, TimedTrigger
from engine.schedule.fire_times import Moment, delay_of, fire_times, next_moment

KEY = TriggerKey("k")
SCRIPT = ScriptId("etl/extract")
NINE = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


def cron(expression: str, timezone: str = "UTC", **options: Any) -> CronTrigger:
    return CronTrigger(key=KEY, expression=expression, timezone=timezone, **options)


def days_after(expression: str, timezone: str, day: str, days: int = 1) -> list[tuple[str, str]]:
    """Return UTC times and shifts of the moments of some UTC days."""
    start = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    moments = fire_times(
        cron(expression, timezone),
        after=start - timedelta(seconds=1),
        until=start + timedelta(days=days) - timedelta(seconds=1),
    )
    return [(f"{m.due:%H:%M:%S}", str(m.shift or "")) for m in moments]


SPRING, AUTUMN = "2026-03-29", "2026-10-25"


@pytest.mark.parametrize(
    ("expression", "zone", "day", "moments"),
    [
        # Europe/Berlin skips 02:00-03:00 (01:00 UTC) and repeats 02:00-03:00 (00:00-02:00 UTC).
        ("30 2 * * *", "Europe/Berlin", SPRING, [("01:00:00", "shifted")]),
        ("0 2,3 * * *", "Europe/Berlin", SPRING, [("01:00:00", "")]),
        ("30 2,3 * * *", "Europe/Berlin", SPRING, [("01:00:00", "shifted"), ("01:30:00", "")]),
        ("0,30 2 * * *", "Europe/Berlin", SPRING, [("01:00:00", "shifted")]),
        ("* 30 2 * * *", "Europe/Berlin", SPRING, [("01:00:00", "shifted")]),
        ("*/30 2 * * *", "Europe/Berlin", SPRING, []),
        ("30 2 * * *", "Europe/Berlin", AUTUMN, [("00:30:00", ""), ("01:30:00", "deduplicated")]),
        ("*/30 2 * * *", "Europe/Berlin", AUTUMN, [
            ("00:00:00", ""), ("00:30:00", ""), ("01:00:00", ""), ("01:30:00", ""),
        ]),
        ("30 */2 * * *", "Europe/Berlin", SPRING, [
            (f"{hour:02}:30:00", "") for hour in range(2, 24, 2)
        ]),
        ("0 3 * * *", "Europe/Berlin", AUTUMN, [("02:00:00", "")]),
        # Half an hour, at 02:00 (15:30 UTC) and from 01:30 to 02:00 (14:30-15:30 UTC).
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03", [("15:30:00", "shifted")]),
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04", [
            ("14:45:00", ""), ("15:15:00", "deduplicated"),
        ]),
        ("*/15 1 * * *", "Australia/Lord_Howe", "2026-04-04", [
            (at, "") for at in (
                "14:00:00", "14:15:00", "14:30:00", "14:45:00", "15:00:00", "15:15:00"
            )
        ]),
        # At midnight: the day begins at 01:00, or its last hour comes twice.
        ("0 0 * * *", "Africa/Cairo", "2026-04-23", [("22:00:00", "shifted")]),
        ("30 23 * * *", "Africa/Cairo", "2026-10-29", [
            ("20:30:00", ""), ("21:30:00", "deduplicated"),
        ]),
        ("30 0 * * *", "America/Santiago", "2026-09-06", [("04:00:00", "shifted")]),
        ("30 23 * * *", "America/Santiago", "2026-04-05", [
            ("02:30:00", ""), ("03:30:00", "deduplicated"),
        ]),
        # A whole day that never was.
        ("30 2 30 12 *", "Pacific/Apia", "2011-12-30", [("10:00:00", "shifted")]),
    ],
)  # fmt: skip
def test_daylight_saving_follows_debian(
    expression: str, zone: str, day: str, moments: list[tuple[str, str]]
):
    assert days_after(expression, zone, day) == moments


def test_a_moment_of_the_repeated_hour_does_not_run():
    trigger = cron("30 2 * * *", "Europe/Berlin")
    first = next_moment(trigger, SCRIPT, datetime(2026, 10, 25, tzinfo=UTC))
    assert first is not None

    second = next_moment(trigger, SCRIPT, first.due)

    assert second == Moment(
        due=datetime(2026, 10, 26, 1, 30, tzinfo=UTC),
        start=datetime(2026, 10, 26, 1, 30, tzinfo=UTC),
    )


def test_the_moment_asked_from_is_not_among_the_next():
    assert next(fire_times(cron("0 * * * *"), after=NINE)).due == NINE + timedelta(hours=1)


def test_a_fraction_of_a_second_before_a_moment_it_is_still_to_come():
    before = NINE - timedelta(microseconds=1)

    assert next(fire_times(cron("0 * * * *"), after=before)).due == NINE


def test_the_end_is_among_the_moments():
    moments = fire_times(cron("0 * * * *"), after=NINE, until=NINE + timedelta(hours=2))

    assert [moment.due.hour for moment in moments] == [10, 11]


def test_due_times_are_in_utc():
    moment = next(fire_times(cron("0 9 * * *", "Asia/Kolkata"), after=NINE))

    assert moment.due.tzinfo is UTC


def test_an_interval_is_counted_from_the_epoch():
    trigger = EveryTrigger(key=KEY, interval=timedelta(minutes=7))

    due = next(fire_times(trigger, after=NINE)).due

    assert (due.timestamp() % 420, due > NINE) == (0, True)


def test_an_interval_is_real_elapsed_time_over_daylight_saving():
    trigger = EveryTrigger(key=KEY, interval=timedelta(hours=1))
    night = datetime(2026, 3, 28, 23, tzinfo=UTC)

    moments = list(fire_times(trigger, after=night, until=night + timedelta(hours=6)))

    assert len(moments) == 6


def test_an_interval_does_not_repeat_the_moment_it_is_asked_from():
    trigger = EveryTrigger(key=KEY, interval=timedelta(minutes=10))

    assert next(fire_times(trigger, after=NINE)).due == NINE + timedelta(minutes=10)


def test_a_date_comes_once():
    trigger = AtTrigger(key=KEY, moment=NINE)

    assert len(list(fire_times(trigger, after=NINE - timedelta(days=1)))) == 1


@pytest.mark.parametrize("after", [NINE, NINE + timedelta(days=1)])
def test_a_date_that_is_past_does_not_come(after: datetime):
    assert next_moment(AtTrigger(key=KEY, moment=NINE), SCRIPT, after) is None


def test_a_date_after_the_end_is_not_among_the_moments():
    trigger = AtTrigger(key=KEY, moment=NINE)
    end = NINE - timedelta(seconds=1)

    assert list(fire_times(trigger, after=NINE - timedelta(days=1), until=end)) == []


def test_without_jitter_nothing_is_delayed():
    assert delay_of(SCRIPT, cron("* * * * *")) == timedelta()


def test_jitter_delays_the_start_and_not_the_due_time():
    trigger = cron("0 * * * *", jitter=timedelta(seconds=30))

    moment = next_moment(trigger, SCRIPT, NINE)

    assert moment == Moment(
        due=NINE + timedelta(hours=1), start=NINE + timedelta(hours=1) + delay_of(SCRIPT, trigger)
    )


def test_the_delay_of_a_script_is_the_same_at_every_start_of_the_server():
    trigger = cron("0 * * * *", jitter=timedelta(seconds=30))

    assert delay_of(SCRIPT, trigger) == timedelta(seconds=24.015)


def test_delays_are_spread_over_the_whole_jitter():
    trigger = cron("0 * * * *", jitter=timedelta(seconds=10))

    delays = [delay_of(ScriptId(f"s{n}"), trigger) / timedelta(seconds=1) for n in range(1000)]

    assert (min(delays) >= 0, max(delays) <= 10, {int(d) for d in delays} >= set(range(10))) == (
        True, True, True,
    )  # fmt: skip


def test_an_invalid_expression_is_refused_at_once():
    with pytest.raises(InvalidCron):
        fire_times(cron("61 * * * *"), after=NINE)


def test_an_unknown_zone_is_refused_at_once():
    with pytest.raises(InvalidInput):
        fire_times(cron("* * * * *", "Europe/Berln"), after=NINE)


def test_a_trigger_without_due_times_is_a_mistake_of_the_caller():
    with pytest.raises(TypeError):
        fire_times(TimedTrigger(key=KEY), after=NINE)


@pytest.mark.parametrize("after", [datetime(1, 1, 1, tzinfo=UTC), datetime(1850, 6, 1, tzinfo=UTC)])
@pytest.mark.parametrize(
    "trigger",
    [cron("0 0 * * *", "Europe/Berlin"), EveryTrigger(key=KEY, interval=timedelta(days=1))],
)
def test_long_ago_the_moments_begin_with_the_year_1900(trigger: TimedTrigger, after: datetime):
    assert next(fire_times(trigger, after=after)).due >= datetime(1899, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "trigger",
    [cron("0 0 * * *", "Europe/Berlin"), EveryTrigger(key=KEY, interval=timedelta(days=1))],
)
def test_at_the_end_of_the_calendar_there_are_no_more_moments(trigger: TimedTrigger):
    assert next_moment(trigger, SCRIPT, datetime(9999, 12, 31, tzinfo=UTC)) is None


def test_a_trigger_goes_on_for_more_than_the_horizon_of_one_search():
    trigger = cron("0 0 29 2 *")

    years = [m.due.year for m in islice(fire_times(trigger, after=NINE), 20)]

    assert years == [*range(2028, 2100, 4), 2104, 2108]


def test_a_very_rare_day_is_found():
    # The 29th (and 1st) of February on a Monday: the first after 1 February 2094 is past 2100.
    trigger = cron("0 0 */28 2 1")

    moment = next_moment(trigger, SCRIPT, datetime(2094, 2, 2, tzinfo=UTC))

    assert moment is not None
    assert (moment.due.year, moment.due.month, moment.due.weekday()) == (2100, 2, 0)


def test_times_that_a_zone_always_skips_end_the_search():
    # Cairo skips the hour from midnight on the last Friday of April, every year.
    trigger = cron("*/30 0 * 4 L5", "Africa/Cairo")

    assert next_moment(trigger, SCRIPT, NINE) is None


@pytest.mark.parametrize(
    ("day", "years"),
    [
        ("9988-01-01T00:00:00Z", [9988]),
        ("9988-02-29T12:00:00Z", []),
        ("9989-01-01T00:00:00Z", []),
    ],
)
def test_a_rare_day_beyond_the_end_of_the_calendar_does_not_come(day: str, years: list[int]):
    moments = fire_times(cron("0 0 29 2 *"), after=datetime.fromisoformat(day))

    assert [moment.due.year for moment in moments] == years
