"""A trigger that is in no file yet is read and refused as one in a script.yaml is."""

from datetime import timedelta

import pytest

from engine.errors import InvalidCron, InvalidInput
from engine.model.trigger import CronTrigger, EveryTrigger
from engine.schedule.cron import check
from engine.spec.unsaved import unsaved_trigger


def read(**item: object):
    return unsaved_trigger(item, "Europe/Berlin", check)


def test_a_cron_without_a_zone_has_the_default_one():
    trigger = read(cron="0 7 * * *")

    assert isinstance(trigger, CronTrigger)
    assert (trigger.expression, trigger.timezone) == ("0 7 * * *", "Europe/Berlin")


def test_an_interval_may_be_a_number_of_seconds():
    trigger = read(every=90)

    assert isinstance(trigger, EveryTrigger)
    assert trigger.interval == timedelta(seconds=90)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"crn": "0 7 * * *"}, "unknown key 'crn' (did you mean 'cron'?)"),
        ({}, "a trigger needs one of cron, every"),
        ({"cron": "0 7 * * *", "every": "5m"}, "a trigger has one kind"),
        ({"every": "soon"}, "every"),
        ({"cron": 7}, "cron"),
        ({"cron": "0 7 * * *", "timezone": "Berlin"}, "timezone"),
        ({"at": "tomorrow"}, "at"),
        ({"cron": "* * * * \ud800"}, "Unicode character"),
        ({"every": float("nan")}, "every"),
        ({"every": "5m", "name": "x" * 70_000}, "more than 65536 bytes"),
    ],
)
def test_a_mistake_is_told_as_in_a_file(item, words):
    with pytest.raises(InvalidInput, match=r"(?s).*") as refused:
        read(**item)

    assert words in str(refused.value)


@pytest.mark.parametrize("expression", ["61 * * * *", "0 0 30 2 *", "every day", "* * * *"])
def test_an_expression_that_cannot_be_used_has_a_code_of_its_own(expression):
    with pytest.raises(InvalidCron):
        read(cron=expression)


def test_a_wrong_expression_beside_another_mistake_is_one_of_several():
    with pytest.raises(InvalidInput) as refused:
        read(cron="61 * * * *", jitter="soon")

    assert "jitter" in str(refused.value)


def test_what_is_accepted_without_effect_is_no_mistake():
    assert read(url={"token": True}).key == "url"


def test_text_beyond_the_basic_plane_stays_as_it_is():
    assert read(every="5m", name="🚀").key == "🚀"
