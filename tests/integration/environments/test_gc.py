"""Unused environments go after a while, with all that was kept for them."""

import asyncio
import os
import shutil
from datetime import timedelta
from pathlib import Path

from engine.environments.catalog import UvEnvironments
from engine.environments.collect import Collected
from engine.model.environment import Environment, EnvironmentRequest, EnvironmentState
from tests.fakes.package_index import PackageIndex
from tests.integration.environments.conftest import Bench

ALPHA = EnvironmentRequest(requirements="alpha")
BARE = EnvironmentRequest()
LONG = timedelta(days=15)


async def collect(environments: UvEnvironments, bench: Bench, *in_use: Environment) -> Collected:
    return await environments.gc({e.key for e in in_use}, bench.clock.now())


def test_what_nothing_uses_is_deleted_after_the_time_it_is_kept(bench: Bench):
    async def scenario(environments: UvEnvironments) -> tuple[Environment, Collected]:
        built = await environments.build(ALPHA)
        bench.clock.advance(LONG)
        return built, await collect(environments, bench)

    built, collected = bench.play(scenario)

    assert collected.removed == (built.key,)
    assert collected.bytes > 0
    assert bench.directories() == []
    assert bench.left_over() == []


def test_what_was_deleted_is_missing_and_can_be_built_again(bench: Bench):
    async def scenario(environments: UvEnvironments) -> list[EnvironmentState]:
        await environments.build(ALPHA)
        bench.clock.advance(LONG)
        await collect(environments, bench)
        states = [environments.state(ALPHA)]
        await environments.build(ALPHA)
        return [*states, environments.state(ALPHA)]

    assert bench.play(scenario) == [EnvironmentState.MISSING, EnvironmentState.READY]


def test_what_is_in_use_stays(bench: Bench):
    async def scenario(environments: UvEnvironments) -> Collected:
        used = await environments.build(ALPHA)
        bench.clock.advance(LONG)
        return await collect(environments, bench, used)

    assert bench.play(scenario) == Collected()


def test_what_was_used_lately_stays_also_after_a_restart(bench: Bench):
    async def use(environments: UvEnvironments) -> None:
        built = await environments.build(ALPHA)
        bench.clock.advance(timedelta(days=10))
        environments.touch(built.key)

    async def look(environments: UvEnvironments) -> Collected:
        bench.clock.advance(timedelta(days=10))
        return await collect(environments, bench)

    bench.play(use)

    assert bench.play(look) == Collected()


def test_a_use_is_written_at_most_once_an_hour(bench: Bench):
    async def scenario(environments: UvEnvironments) -> list[float]:
        built = await environments.build(ALPHA)
        mark = environments.environment_directory(built.key) / ".used"
        times: list[float] = []
        for wait in (0, 60, 3600):
            bench.clock.advance(wait)
            environments.touch(built.key)
            times.append(mark.stat().st_mtime)
        return times

    first, second, third = bench.play(scenario)

    assert (second - first, third - first) == (0, 3660)


def test_an_environment_that_a_build_has_just_found_stays(bench: Bench):
    async def scenario(environments: UvEnvironments) -> Collected:
        await environments.build(ALPHA)
        bench.clock.advance(LONG)
        async with bench.open() as of_another_process:
            await of_another_process.build(EnvironmentRequest(requirements="alpha==2.0"))
        return await collect(environments, bench)

    assert bench.play(scenario).removed == ()


def test_locks_and_logs_of_deleted_environments_go_with_them(bench: Bench):
    async def scenario(environments: UvEnvironments) -> None:
        await environments.build(ALPHA)
        await environments.build(BARE)
        for path in (*(bench.data / "locks").iterdir(), *(bench.data / "envs/logs").iterdir()):
            os.utime(path, (bench.clock.now().timestamp(),) * 2)
        bench.clock.advance(LONG)
        used = environments.ready(BARE)
        assert used is not None
        await collect(environments, bench, used)

    bench.play(scenario)

    kept = [
        p for name in ("locks", "envs/logs", "envs/requests") for p in (bench.data / name).iterdir()
    ]
    assert len(kept) == 2  # The log and the record of the bare environment.


def test_a_build_that_goes_on_is_not_disturbed(bench: Bench, index: PackageIndex):
    index.gate.clear()

    async def scenario(environments: UvEnvironments) -> Environment:
        building = asyncio.create_task(environments.build(ALPHA))
        while not any(path.endswith(".whl") for path in index.requests):
            await asyncio.sleep(0.01)
        bench.clock.advance(LONG)
        await collect(environments, bench)
        index.gate.set()
        return await building

    assert Path(bench.play(scenario).interpreter).exists()


def test_an_interrupted_deletion_is_finished_at_the_next_start(bench: Bench):
    async def scenario(environments: UvEnvironments) -> Environment:
        return await environments.build(ALPHA)

    built = bench.play(scenario)
    shutil.move(bench.data / "envs" / built.key, bench.data / "envs" / "trash" / "half")

    async def state(environments: UvEnvironments) -> EnvironmentState:
        return environments.state(ALPHA)

    assert bench.play(state) is EnvironmentState.MISSING
    assert bench.left_over() == []
