"""What every Environments does, the fake and the one over uv."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from engine.environments.catalog import UvEnvironments
from engine.environments.options import EnvironmentOptions
from engine.errors import EnvironmentFailed
from engine.model.environment import EnvironmentRequest, EnvironmentState
from engine.model.identity import EnvironmentKey
from engine.ports import Environments
from tests.fakes.clock import FakeClock
from tests.fakes.environments import FakeEnvironments

GOOD = EnvironmentRequest()
BAD = EnvironmentRequest(requirements="not a requirement ==\n")

Scenario = Callable[[Environments], Awaitable[None]]
Play = Callable[[Scenario], None]


async def with_fake(scenario: Scenario, data: Path) -> None:
    environments = FakeEnvironments()
    environments.fail(BAD, "not a requirement")
    await scenario(environments)


async def with_uv(scenario: Scenario, data: Path) -> None:
    options = EnvironmentOptions(offline=True)
    environments = UvEnvironments(data=data, options=options, clock=FakeClock())
    environments.start()
    await scenario(environments)
    await environments.close()


@pytest.fixture(params=[with_fake, with_uv])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    return lambda scenario: asyncio.run(request.param(scenario, tmp_path))


def test_what_was_never_built_is_missing(play: Play):
    async def scenario(environments: Environments) -> None:
        assert environments.state(GOOD) is EnvironmentState.MISSING
        assert environments.ready(GOOD) is None
        assert environments.by_key(EnvironmentKey("0" * 24)) is None
        assert environments.failure(GOOD) is None

    play(scenario)


def test_what_is_built_is_ready_and_found_by_request_and_key(play: Play):
    async def scenario(environments: Environments) -> None:
        built = await environments.build(GOOD)

        assert environments.state(GOOD) is EnvironmentState.READY
        assert environments.ready(GOOD) == built
        assert environments.by_key(built.key) == built

    play(scenario)


def test_a_second_build_gives_the_same_environment(play: Play):
    async def scenario(environments: Environments) -> None:
        assert await environments.build(GOOD) == await environments.build(GOOD)

    play(scenario)


def test_a_build_shows_while_it_goes_and_is_shared(play: Play):
    async def scenario(environments: Environments) -> None:
        first = asyncio.create_task(environments.build(GOOD))
        second = asyncio.create_task(environments.build(GOOD))
        await asyncio.sleep(0)

        assert environments.state(GOOD) is EnvironmentState.BUILDING
        assert environments.ready(GOOD) is None
        assert await first == await second

    play(scenario)


def test_a_failed_build_raises_and_is_remembered_with_its_message(play: Play):
    async def scenario(environments: Environments) -> None:
        with pytest.raises(EnvironmentFailed, match="not a requirement") as caught:
            await environments.build(BAD)

        assert environments.state(BAD) is EnvironmentState.FAILED
        assert environments.failure(BAD) == str(caught.value)
        assert environments.ready(BAD) is None

    play(scenario)


def test_a_failure_of_one_request_does_not_touch_another(play: Play):
    async def scenario(environments: Environments) -> None:
        with pytest.raises(EnvironmentFailed):
            await environments.build(BAD)
        await environments.build(GOOD)

        assert environments.state(GOOD) is EnvironmentState.READY

    play(scenario)


def test_who_stops_waiting_does_not_stop_the_build_for_others(play: Play):
    async def scenario(environments: Environments) -> None:
        impatient = asyncio.create_task(environments.build(GOOD))
        patient = asyncio.create_task(environments.build(GOOD))
        await asyncio.sleep(0)
        impatient.cancel()

        assert await patient == environments.ready(GOOD)

    play(scenario)


def test_a_failed_build_is_made_again_only_when_it_is_forced(play: Play):
    async def scenario(environments: Environments) -> None:
        with pytest.raises(EnvironmentFailed) as first:
            await environments.build(BAD)
        with pytest.raises(EnvironmentFailed) as remembered:
            await environments.build(BAD)
        with pytest.raises(EnvironmentFailed):
            await environments.build(BAD, force=True)

        assert str(remembered.value) == str(first.value)
        assert environments.state(BAD) is EnvironmentState.FAILED

    play(scenario)


def test_a_forced_build_leaves_something_ready(play: Play):
    async def scenario(environments: Environments) -> None:
        await environments.build(GOOD)
        rebuilt = await environments.build(GOOD, force=True)

        assert environments.ready(GOOD) == rebuilt

    play(scenario)
