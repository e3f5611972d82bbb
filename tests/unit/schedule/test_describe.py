from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.errors import InvalidCron
from engine.model.identity import ScriptId, TriggerKey
from engine.model.trigger import (
    AfterOutcome,
    AfterTrigger,
    AtTrigger,
    CronTrigger,
    EveryTrigger,
    FilesTrigger,
    StartupTrigger,
    Trigger,
    UrlTrigger,
)
from engine.schedule.cron_words import cron_words
from engine.schedule.describe import describe, spell

KEY: dict[str, Any] = {"key": TriggerKey("k")}


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("*/1 * * * *", "every minute"),
        ("@hourly", "every hour"),
        ("5 * * * *", "at minute 5 of every hour"),
        ("5,35 * * * *", "at minutes 5 and 35 of every hour"),
        ("0 */2 * * *", "every 2 hours"),
        ("30 */2 * * *", "every 2 hours at minute 30"),
        ("*/15 9-17 * * 1-5", "every 15 minutes from 09:00 to 17:59 every Monday to Friday"),
        ("0 22-4 * * *", "every hour from 22:00 to 04:59"),
        ("@daily", "at 00:00 every day"),
        ("30 2 * * MON", "at 02:30 every Monday"),
        ("0 9,17 * * mon,wed", "at 09:00 and 17:00 every Monday and Wednesday"),
        ("0 0 * * 7", "at 00:00 every Sunday"),
        ("@monthly", "at 00:00 on the 1st"),
        ("0 0 2,3,11,22 * *", "at 00:00 on the 2nd, 3rd, 11th and 22nd"),
        ("0 0 1-7 * ?", "at 00:00 from the 1st to the 7th"),
        ("@yearly", "at 00:00 on the 1st in January"),
        ("0 0 1 1,7 *", "at 00:00 on the 1st in January and July"),
        ("0 0 1 jun-aug *", "at 00:00 on the 1st from June to August"),
        ("0 0 L * *", "at 00:00 on the last day of the month"),
        ("0 0 LW * *", "at 00:00 on the last working day of the month"),
        ("0 0 15W * *", "at 00:00 on the working day nearest to the 15th"),
        ("0 0 * * 5#2", "at 00:00 on the second Friday of the month"),
        ("0 0 * * 5L", "at 00:00 on the last Friday of the month"),
        ("0 0 * * L5", "at 00:00 on the last Friday of the month"),
        ("0 0 13 * 5", "at 00:00 on the 13th and every Friday"),
        ("*/10 * * * * *", "every 10 seconds"),
        ("* * * * * *", "every second"),
        ("30 * * * * *", "at second 30 of every minute"),
        ("0 * * * * *", "every minute"),
        ("15 30 2 * * *", "at 02:30:15 every day"),
    ],
)
def test_usual_expressions_are_put_into_words(expression: str, words: str):
    assert cron_words(expression) == words


@pytest.mark.parametrize(
    "expression",
    [
        "*/7 * * * *",  # not every 7 minutes: the hour ends after minute 56
        "0 */5 * * *",
        "15 5 * * * *",
        "1-50 2 * * *",
        "10-40/10 * * * *",
        "0,10,20,30,40,50,59 * * * *",
        "0 1,3 */2 * *",
        "0 0 */2 * 1",
        "0 0 1 * */2",
        "0 0 1 * 1-5/2",
        "0 0 1,2,3,4,5,6,7 * *",
        "0 0 * * mon-fri#2",
        "0 0 * */3 *",
        "0 0 * * 1,3-5",
        "*/5 8,18-20 * * *",
    ],
)
def test_other_expressions_are_shown_as_they_are(expression: str):
    assert cron_words(expression) == f"cron {expression}"


def test_what_is_no_cron_expression_has_no_words():
    with pytest.raises(InvalidCron):
        cron_words("61 * * * *")


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        (
            CronTrigger(**KEY, expression="30 2 * * 1", timezone="Europe/Berlin"),
            "at 02:30 every Monday, Europe/Berlin",
        ),
        (EveryTrigger(**KEY, interval=timedelta(minutes=5)), "every 5 minutes"),
        (EveryTrigger(**KEY, interval=timedelta(hours=1)), "every hour"),
        (EveryTrigger(**KEY, interval=timedelta(minutes=90)), "every 1 hour 30 minutes"),
        (
            AtTrigger(**KEY, moment=datetime(2027, 1, 31, 9, tzinfo=UTC)),
            "once, at 2027-01-31 09:00:00 UTC",
        ),
        (StartupTrigger(**KEY), "when the server starts"),
        (UrlTrigger(**KEY), "when its URL is called"),
        (AfterTrigger(**KEY, script=ScriptId("etl/extract")), "after etl/extract succeeds"),
        (
            AfterTrigger(**KEY, script=ScriptId("etl/extract"), when=AfterOutcome.FAILURE),
            "after etl/extract fails",
        ),
        (
            FilesTrigger(**KEY, pattern="inbox/*.csv"),
            "when a file matching inbox/*.csv appears or changes",
        ),
        (Trigger(key=TriggerKey("nightly")), "nightly"),
    ],
)
def test_each_kind_of_trigger_has_its_words(trigger: Trigger, words: str):
    assert describe(trigger) == words


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(days=2), "2 days"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=1, seconds=5), "1 hour 5 seconds"),
        (timedelta(milliseconds=250), "0.25 seconds"),
        (timedelta(seconds=1.5), "1.5 seconds"),
        (timedelta(), "0 seconds"),
    ],
)
def test_durations_are_spelled_out(duration: timedelta, words: str):
    assert spell(duration) == words
