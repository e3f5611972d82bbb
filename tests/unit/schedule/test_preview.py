from datetime import UTC, datetime, timedelta, timezone

from engine.model.identity import ScriptId, TriggerKey
from engine.model.trigger import AtTrigger, CronTrigger, EveryTrigger, StartupTrigger
from engine.schedule.preview import coming

SCRIPT = ScriptId("etl/extract")
NINE = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)

BERLIN = CronTrigger(key=TriggerKey("berlin"), expression="30 11 * * *", timezone="Europe/Berlin")
HALF_HOURLY = EveryTrigger(key=TriggerKey("half-hourly"), interval=timedelta(minutes=30))


def test_the_moments_of_all_triggers_come_in_order():
    found = coming((BERLIN, HALF_HOURLY), SCRIPT, from_=NINE, count=3)

    assert [each.trigger for each in found] == ["berlin", "half-hourly", "half-hourly"]


def test_times_are_shown_in_the_zone_of_their_trigger():
    found = coming((BERLIN, HALF_HOURLY), SCRIPT, from_=NINE, count=3)

    assert [each.local.isoformat() for each in found] == [
        "2026-05-01T11:30:00+02:00",
        "2026-05-01T09:30:00+00:00",
        "2026-05-01T10:00:00+00:00",
    ]


def test_a_date_is_shown_in_its_own_zone():
    zone = timezone(timedelta(hours=5))
    trigger = AtTrigger(key=TriggerKey("k"), moment=datetime(2026, 6, 1, 9, tzinfo=zone))

    (found,) = coming((trigger,), SCRIPT, from_=NINE, count=3)

    assert found.local.isoformat() == "2026-06-01T09:00:00+05:00"


def test_what_does_not_run_in_a_repeated_hour_is_not_shown():
    trigger = CronTrigger(key=TriggerKey("k"), expression="30 2 * * *", timezone="Europe/Berlin")

    found = coming((trigger,), SCRIPT, from_=datetime(2026, 10, 24, 12, tzinfo=UTC), count=2)

    assert [each.local.isoformat() for each in found] == [
        "2026-10-25T02:30:00+02:00",
        "2026-10-26T02:30:00+01:00",
    ]


def test_triggers_that_are_not_enabled_or_not_timed_are_passed_over():
    disabled = EveryTrigger(key=TriggerKey("k"), interval=timedelta(minutes=1), enabled=False)

    assert (
        coming((disabled, StartupTrigger(key=TriggerKey("s"))), SCRIPT, from_=NINE, count=3) == ()
    )
