"""Who waits for a run's output is woken by what is new, and leaves nothing behind."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

from engine.model.event import OutputGrew, RunChanged
from engine.model.run import RunStatus
from engine.reconcile.active import ActiveRuns
from engine.service.bus import Bus
from engine.service.compose import Composition
from engine.service.engine import Engine
from engine.service.waiting import Waiters
from tests.fakes.engine import a_run
from tests.fakes.reconciled import on_a_loop

RUN = a_run("r1", status=RunStatus.RUNNING, finished_at=None)


def an_engine() -> tuple[Engine, Bus]:
    bus = Bus()
    parts = SimpleNamespace(bus=bus, state=SimpleNamespace(active=ActiveRuns([RUN]), ending={}))
    return Engine(cast("Composition", parts)), bus


async def waiting(engine: Engine, offset: int) -> "asyncio.Task[None]":
    task = asyncio.create_task(engine.wait_output(RUN.id, offset, 60))
    await a_few_turns()
    return task


async def a_few_turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@on_a_loop
async def test_new_output_ends_the_wait():
    engine, bus = an_engine()
    task = await waiting(engine, 50)

    bus.publish(OutputGrew({RUN.id: 51}))
    await a_few_turns()

    assert task.done()


@on_a_loop
async def test_output_that_a_full_disk_did_not_take_does_not_keep_followers_awake():
    engine, bus = an_engine()
    other = await waiting(engine, 1000)
    bus.publish(OutputGrew({RUN.id: 100}))

    task = await waiting(engine, 50)

    assert not task.done()
    for each in (task, other):
        each.cancel()


def test_sizes_of_runs_that_nobody_waits_for_are_not_remembered():
    waiters = Waiters()

    waiters.receive(OutputGrew({RUN.id: 100}))

    assert waiters.size(RUN.id) == 0


@on_a_loop
async def test_the_end_of_a_run_is_taken_from_the_news_of_it():
    engine, bus = an_engine()
    task = asyncio.create_task(engine.wait(RUN.id, 60))
    await a_few_turns()
    over = replace(RUN, status=RunStatus.FAILED)

    bus.publish(RunChanged(over))

    assert await task is over


@on_a_loop
async def test_the_news_of_a_run_are_not_kept_for_the_next_who_waits():
    waiters = Waiters()
    first = asyncio.create_task(waiters.wait(RUN.id, lambda: False, seconds=60))
    await a_few_turns()
    waiters.receive(RunChanged(replace(RUN, status=RunStatus.FAILED)))
    await first

    assert await waiters.wait(RUN.id, lambda: True, seconds=60) is None
