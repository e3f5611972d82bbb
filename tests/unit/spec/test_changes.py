"""Differences between definitions, in the words of the manifest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.model.environment import EnvironmentRequest
from engine.model.script import Limits, Retry, Script
from engine.model.trigger import (
    AfterTrigger,
    AtTrigger,
    CatchUp,
    CronTrigger,
    EveryTrigger,
    FilesTrigger,
    StartupTrigger,
    UrlTrigger,
)
from engine.spec.changes import FieldChange, changes, script_fields

SCRIPT = Script(
    id="a",
    name="A",
    main="a.py",
    environment=EnvironmentRequest("3.12", "a\nb"),
    triggers=(CronTrigger(key="nightly", expression="0 2 * * *", timezone="UTC"),),
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": "B"}, FieldChange("name", "A", "B")),
        ({"args": ("x y", "é")}, FieldChange("args", None, '["x y", "é"]')),
        ({"env": (("K", "v"),)}, FieldChange("env.K", None, "v")),
        ({"enabled": False}, FieldChange("enabled", "true", "false")),
        (
            {"limits": Limits(timeout=timedelta(minutes=90))},
            FieldChange("limits.timeout", None, "1h30m"),
        ),
        ({"limits": Limits(output=1 << 30)}, FieldChange("limits.output", "10MB", "1GiB")),
        (
            {"environment": EnvironmentRequest("3.12", "a")},
            FieldChange("requirements", "a, b", "a"),
        ),
        ({"environment": EnvironmentRequest(None, "a\nb")}, FieldChange("python", "3.12", None)),
        (
            {"triggers": (replace(SCRIPT.triggers[0], expression="0 3 * * *"),)},
            FieldChange("triggers[nightly].cron", "0 2 * * *", "0 3 * * *"),
        ),
        (
            {"triggers": (replace(SCRIPT.triggers[0], jitter=timedelta(seconds=5)),)},
            FieldChange("triggers[nightly].jitter", "0s", "5s"),
        ),
    ],
)
def test_a_difference_names_the_field_and_both_values(change, expected):
    assert changes(SCRIPT, replace(SCRIPT, **change)) == (expected,)


def test_equal_scripts_have_no_difference():
    assert changes(SCRIPT, replace(SCRIPT)) == ()


def test_a_new_script_differs_in_everything_it_says():
    found = {change.field: (change.before, change.after) for change in changes(None, SCRIPT)}

    fields = {field: (None, text) for field, text in script_fields(SCRIPT).items()}
    assert found == fields | {"triggers[nightly]": (None, "cron 0 2 * * *")}


@pytest.mark.parametrize(
    ("trigger", "text"),
    [
        (EveryTrigger(key="k", interval=timedelta(minutes=10)), "every 10m"),
        (
            AtTrigger(key="k", moment=datetime(2027, 1, 31, tzinfo=UTC)),
            "at 2027-01-31T00:00:00+00:00",
        ),
        (StartupTrigger(key="k"), "startup"),
        (UrlTrigger(key="k"), "url"),
        (AfterTrigger(key="k", script="etl/a"), "after etl/a"),
        (FilesTrigger(key="k", pattern="*.csv"), "files *.csv"),
    ],
)
def test_a_trigger_that_is_new_or_gone_is_one_line(trigger, text):
    without, with_it = replace(SCRIPT, triggers=()), replace(SCRIPT, triggers=(trigger,))

    assert (changes(without, with_it), changes(with_it, without)) == (
        (FieldChange("triggers[k]", None, text),),
        (FieldChange("triggers[k]", text, None),),
    )


def test_a_new_trigger_tells_beside_what_it_is_only_what_is_not_default():
    trigger = replace(SCRIPT.triggers[0], key="k", timezone="Europe/Berlin", catch_up=CatchUp.ALL)

    assert changes(SCRIPT, replace(SCRIPT, triggers=(*SCRIPT.triggers, trigger))) == (
        FieldChange("triggers[k]", None, "cron 0 2 * * *"),
        FieldChange("triggers[k].timezone", None, "Europe/Berlin"),
        FieldChange("triggers[k].catch_up", None, "all"),
    )


def test_a_trigger_of_another_kind_under_the_same_name_is_another_trigger():
    other = StartupTrigger(key="nightly")

    assert changes(SCRIPT, replace(SCRIPT, triggers=(other,))) == (
        FieldChange("triggers[nightly]", "cron 0 2 * * *", "startup"),
    )


def test_sections_are_told_key_by_key():
    fields = script_fields(replace(SCRIPT, retry=Retry(attempts=3, backoff=1.5)))

    assert (fields["retry.attempts"], fields["retry.backoff"]) == ("3", "1.5")
