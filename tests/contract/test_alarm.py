"""What every Alarm does, the fake one and the real one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from engine.ports import Alarm, Clock
from engine.schedule.alarm import ApsAlarm
from tests.fakes.alarm import FakeAlarm
from tests.fakes.clock import FakeClock

SHORT = 0.04
"""Seconds; the real alarm really waits."""


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class World(Protocol):
    """An alarm, its clock, and a way to let time pass."""

    clock: Clock
    alarm: Alarm

    async def wait(self, seconds: float) -> None: ...


class FakeWorld:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.alarm = FakeAlarm(self.clock)

    async def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        while self.alarm.ring_if_due():
            pass


class RealWorld:
    def __init__(self) -> None:
        self.clock = RealClock()
        self.alarm = ApsAlarm(self.clock)
        self.alarm.start()

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


Scenario = Callable[[World], Awaitable[None]]


def fake(scenario: Scenario) -> None:
    asyncio.run(_in_fake(scenario))


async def _in_fake(scenario: Scenario) -> None:
    await scenario(FakeWorld())


def real(scenario: Scenario) -> None:
    asyncio.run(_in_real(scenario))


async def _in_real(scenario: Scenario) -> None:
    world = RealWorld()
    try:
        await scenario(world)
    finally:
        await world.alarm.stop()


@pytest.fixture(params=[fake, real])
def play(request: pytest.FixtureRequest) -> Callable[[Scenario], None]:
    return request.param


def soon(world: World, seconds: float = SHORT) -> datetime:
    return world.clock.now() + timedelta(seconds=seconds)


def test_it_rings_once_when_its_time_has_come(play):
    rings: list[datetime] = []

    async def scenario(world: World) -> None:
        at = soon(world)
        world.alarm.set(at, lambda: rings.append(world.clock.now()))
        await world.wait(4 * SHORT)
        assert [rang >= at for rang in rings] == [True]

    play(scenario)


def test_it_does_not_ring_before_its_time(play):
    rings: list[int] = []

    async def scenario(world: World) -> None:
        world.alarm.set(soon(world, 60), lambda: rings.append(1))
        await world.wait(SHORT)

    play(scenario)
    assert rings == []


def test_a_time_in_the_past_rings_at_once(play):
    rings: list[int] = []

    async def scenario(world: World) -> None:
        world.alarm.set(soon(world, -3600), lambda: rings.append(1))
        await world.wait(SHORT)

    play(scenario)
    assert rings == [1]


def test_setting_it_again_replaces_the_last_setting(play):
    rings: list[str] = []

    async def scenario(world: World) -> None:
        world.alarm.set(soon(world), lambda: rings.append("first"))
        world.alarm.set(soon(world, 2 * SHORT), lambda: rings.append("second"))
        await world.wait(5 * SHORT)

    play(scenario)
    assert rings == ["second"]


def test_the_same_time_with_another_ring_replaces_the_ring(play):
    rings: list[str] = []

    async def scenario(world: World) -> None:
        at = soon(world)
        world.alarm.set(at, lambda: rings.append("first"))
        world.alarm.set(at, lambda: rings.append("second"))
        await world.wait(4 * SHORT)

    play(scenario)
    assert rings == ["second"]


def test_no_time_silences_it(play):
    rings: list[int] = []

    async def scenario(world: World) -> None:
        world.alarm.set(soon(world), lambda: rings.append(1))
        world.alarm.set(None, lambda: rings.append(2))
        await world.wait(4 * SHORT)

    play(scenario)
    assert rings == []


def test_a_ring_may_set_the_next_alarm_at_once(play):
    rings: list[int] = []

    async def scenario(world: World) -> None:
        def again() -> None:
            rings.append(1)
            if len(rings) < 20:
                world.alarm.set(world.clock.now(), again)

        world.alarm.set(soon(world, 0), again)
        await world.wait(5 * SHORT)

    play(scenario)
    assert len(rings) == 20


def test_silencing_an_alarm_that_is_not_set_is_harmless(play):
    rings: list[int] = []

    async def scenario(world: World) -> None:
        world.alarm.set(None, lambda: rings.append(1))
        await world.wait(SHORT)

    play(scenario)
    assert rings == []
