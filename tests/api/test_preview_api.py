"""An unsaved trigger over HTTP."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from engine.errors import InvalidCron
from engine.model.status import TriggerPreview

PATH = "/api/preview"
DAILY = {"cron": "0 7 * * *", "timezone": "Europe/Berlin"}


def test_a_trigger_is_told_in_words_and_by_its_times(call, engine):
    due = datetime(2026, 11, 25, 7, tzinfo=timezone(timedelta(hours=1)))
    engine.previewed = TriggerPreview(description="at 07:00 every day", coming=(due,))

    assert call("POST", PATH, json={"trigger": DAILY}).json() == {
        "description": "at 07:00 every day",
        "next": ["2026-11-25T07:00:00+01:00"],
    }


def test_all_that_was_asked_reaches_the_engine(call, engine):
    body = {"trigger": DAILY, "from": "2026-11-24T12:00:00+01:00", "count": 2}

    call("POST", PATH, json=body)

    assert engine.asked == [("preview", DAILY, datetime(2026, 11, 24, 11, tzinfo=UTC), 2)]


def test_a_moment_without_an_offset_is_in_utc(call, engine):
    call("POST", PATH, json={"trigger": DAILY, "from": "2026-11-24T12:00:00"})

    assert engine.asked == [("preview", DAILY, datetime(2026, 11, 24, 12, tzinfo=UTC), 5)]


def test_a_trigger_that_cannot_be_used_is_refused_with_the_reason(call, engine):
    engine.refusal = InvalidCron("cron '61 * * * *' cannot be used")

    answer = call("POST", PATH, json={"trigger": {"cron": "61 * * * *"}})

    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (
        422,
        "invalid_cron",
        "cron '61 * * * *' cannot be used",
    )


def nested(depth: int) -> dict[str, object]:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return {"args": value}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.trigger"),
        ({"trigger": "0 7 * * *"}, "body.trigger"),
        ({"trigger": DAILY, "count": 0}, "body.count"),
        ({"trigger": DAILY, "count": 101}, "body.count"),
        ({"trigger": DAILY, "from": "soon"}, "body.from"),
        ({"trigger": DAILY, "from": "0001-01-01T00:00:00+14:00"}, "body.from"),
        ({"trigger": DAILY, "zone": "UTC"}, "body.zone"),
        ({"trigger": nested(300)}, "body.trigger.args"),
    ],
)
def test_a_body_that_cannot_be_used_is_named(call, body, field):
    answer = call("POST", PATH, json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith(field)


def test_a_viewer_may_ask(call):
    answer = call("POST", PATH, key="a-key-that-only-reads", json={"trigger": DAILY})

    assert answer.status_code == 200
