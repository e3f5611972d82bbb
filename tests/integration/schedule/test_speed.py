"""How long it takes to find the next moment; bounds with room for a busy machine."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from engine.model.identity import ScriptId, TriggerKey
from engine.model.trigger import CronTrigger
from engine.schedule.cron import parse
from engine.schedule.fire_times import next_moment

SCRIPT = ScriptId("etl/extract")
NINE = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


def cron(expression: str, timezone: str = "UTC") -> CronTrigger:
    return CronTrigger(key=TriggerKey("k"), expression=expression, timezone=timezone)


def best_of(times: int, action: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best


@pytest.mark.parametrize("expression", ["*/5 * * * *", "30 2 * * *", "0 9 * * 1-5", "0 0 L * *"])
def test_the_next_moment_is_found_in_microseconds(expression: str):
    trigger = cron(expression, "Europe/Berlin")
    next_moment(trigger, SCRIPT, NINE)

    def hundred() -> None:
        for minute in range(100):
            next_moment(trigger, SCRIPT, NINE + timedelta(minutes=minute))

    assert best_of(5, hundred) / 100 < 60e-6


@pytest.mark.parametrize(
    ("expression", "zone"),
    [("0 0 29 2 *", "Europe/Berlin"), ("*/30 0 * 4 L5", "Africa/Cairo"), ("0 0 */28 2 1", "UTC")],
)
def test_rare_moments_are_found_in_milliseconds(expression: str, zone: str):
    trigger = cron(expression, zone)

    assert best_of(3, lambda: next_moment(trigger, SCRIPT, NINE)) < 0.05


def test_many_triggers_over_few_expressions_are_scheduled_in_a_blink():
    zones = ("Europe/Berlin", "UTC", "America/New_York", "Asia/Kolkata")
    triggers = [cron(f"{n % 60} {n % 24} * * {n % 7}", zones[n % 4]) for n in range(200)] * 10

    def schedule() -> None:
        parse.cache_clear()
        for trigger in triggers:
            next_moment(trigger, SCRIPT, NINE)

    assert best_of(3, schedule) < 0.4
