"""What an unsaved trigger would mean, in words and by its coming times."""

from datetime import UTC, datetime

from engine.service.unsaved import preview_trigger

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)


def coming(count: int = 3, **item: object) -> list[str]:
    found = preview_trigger(item, default_zone="UTC", from_=NOON, count=count)
    return [due.isoformat() for due in found.coming]


def test_times_carry_the_offset_of_the_triggers_zone_over_a_change_of_the_clocks():
    assert coming(2, cron="30 3 * * *", timezone="Europe/Berlin") == [
        "2026-03-29T03:30:00+02:00",
        "2026-03-30T03:30:00+02:00",
    ]


def test_a_single_moment_that_has_gone_by_does_not_come():
    assert coming(at="2026-03-28T11:00:00") == []


def test_a_trigger_that_is_not_enabled_does_not_come():
    assert coming(every="5m", enabled=False) == []


def test_a_trigger_without_due_times_has_words_all_the_same():
    found = preview_trigger({"startup": True}, default_zone="UTC", from_=NOON, count=5)

    assert (found.description, found.coming) == ("when the server starts", ())
