"""That people are told is begun when somebody is to be told, and left to its end."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import InvalidInput, Unavailable
from engine.model.event import PlanApplied, RunnerChanged
from engine.model.plan import DeleteScript, Plan
from engine.model.script import Script
from engine.ports import Settled
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks
from engine.schedule.jump import Wakefulness
from engine.schedule.shared_alarm import SharedAlarm
from engine.service.notify_parts import NotifyParts
from engine.service.outbox import Outbox
from engine.store.database import Database
from engine.store.notifications import SqliteNotificationStore
from engine.store.runs import SqliteRunStore
from schemas.settings import Settings
from tests.fakes.alarm import FakeAlarm
from tests.fakes.clock import FakeClock
from tests.fakes.told import a_notice, telling
from tests.fakes.world import a_script, applied

SILENT = a_script(script_id="etl/load")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "pysched.db")
    yield opened
    opened.close()


class World:
    def __init__(self, database: Database, *scripts: Script) -> None:
        self.clock = FakeClock()
        self.tasks = Tasks()
        self.state = State(Wakefulness(self.clock.now(), self.clock.monotonic()))
        self.put(*scripts)
        self.store = SqliteNotificationStore(database)
        parts = NotifyParts(
            clock=self.clock,
            state=self.state,
            runs=SqliteRunStore(database),
            store=self.store,
            alarm=SharedAlarm(FakeAlarm(self.clock), self.clock),
            tasks=self.tasks,
        )
        self.outbox = Outbox(parts, Settings(), files=None)  # pyright: ignore[reportArgumentType]

    def put(self, *scripts: Script) -> None:
        for script in scripts:
            self.state.put(applied(script))

    async def at_work(self) -> bool:
        """Say whether anything goes on, and stop."""
        count = self.tasks.count
        await self.outbox.stop()
        await self.tasks.settle(1)
        return count > 0


@pytest.mark.parametrize(("script", "begun"), [(SILENT, False), (telling(), True)])
def test_it_begins_with_a_script_that_tells_somebody(database, script, begun):
    async def go() -> bool:
        world = World(database, script)
        world.outbox.start()
        return await world.at_work()

    assert asyncio.run(go()) is begun


@pytest.mark.parametrize(("script", "begun"), [(SILENT, False), (telling(), True)])
def test_it_begins_when_such_a_script_comes_into_force(database, script, begun):
    async def go() -> bool:
        world = World(database)
        world.outbox.start()
        world.put(script)
        world.outbox.receive(RunnerChanged(connected=True))
        world.outbox.receive(PlanApplied(Plan(actions=[DeleteScript(id=script.id)])))
        return await world.at_work()

    assert asyncio.run(go()) is begun


def test_it_begins_with_what_an_earlier_server_left(database):
    async def go() -> bool:
        world = World(database)
        await world.store.settle(Settled(notices=[(a_notice(), ["ops@example.com"])]))
        world.outbox.start()
        return await world.at_work()

    assert asyncio.run(go())


def test_a_test_needs_no_script_that_tells_somebody(database):
    async def go() -> list[bool]:
        world = World(database)
        tried = await world.outbox.test(None, "ops@example.com")
        await world.at_work()
        return [each.delivered for each in tried]

    assert asyncio.run(go()) == [False]


@pytest.mark.parametrize("script", [None, SILENT])
def test_a_test_of_nobody_is_refused(database, script):
    async def go() -> None:
        world = World(database)
        try:
            await world.outbox.test(script, None)
        finally:
            await world.at_work()

    with pytest.raises(InvalidInput):
        asyncio.run(go())


def test_it_begins_at_the_next_event_when_it_could_not_at_first(database, monkeypatch):
    async def go() -> bool:
        world = World(database)
        world.outbox.start()
        world.put(telling())
        event = PlanApplied(Plan(actions=[DeleteScript(id=SILENT.id)]))
        monkeypatch.setattr(world.store, "standings", unavailable)
        with pytest.raises(Unavailable):
            world.outbox.receive(event)
        monkeypatch.undo()
        world.outbox.receive(event)
        return await world.at_work()

    assert asyncio.run(go())


def unavailable() -> None:
    raise Unavailable("the disk is full")
