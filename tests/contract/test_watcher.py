"""What every Watcher promises, shown on a real disk and on the fake."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest

from engine.ports import Watcher
from engine.tree.watch import TreeWatcher
from tests.fakes.disk import WallClock
from tests.fakes.tree import FakeWatcher


class World(Protocol):
    watcher: Watcher
    root: Path

    async def ready(self) -> None: ...
    def write(self, name: str) -> None: ...


class RealWorld:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.real = TreeWatcher(root, WallClock())
        self.watcher: Watcher = self.real

    async def ready(self) -> None:
        await self.real.armed.wait()

    def write(self, name: str) -> None:
        (self.root / name).write_text("x")


class FakeWorld:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.fake = FakeWatcher()
        self.watcher: Watcher = self.fake

    async def ready(self) -> None:
        return

    def write(self, name: str) -> None:
        self.fake.tell(self.root / name)


@pytest.fixture(params=[RealWorld, FakeWorld], ids=["disk", "fake"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    make: Callable[[Path], World] = request.param
    return make(tmp_path)


async def told(world: World, *names: str) -> set[Path]:
    """Write files one after the other; return all paths that were told."""
    paths: set[Path] = set()
    news = asyncio.Event()

    async def changed(some: Collection[Path] | None) -> None:
        paths.update(some or ())
        news.set()

    task = asyncio.create_task(world.watcher.watch(changed))
    async with asyncio.timeout(5):
        await world.ready()
        for name in names:
            world.write(name)
            while world.root / name not in paths:
                await news.wait()
                news.clear()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return paths


def test_changed_paths_are_told(world: World) -> None:
    assert asyncio.run(told(world, "a", "b")) == {world.root / "a", world.root / "b"}


def test_a_watcher_with_events_is_not_degraded(world: World) -> None:
    asyncio.run(told(world, "a"))

    assert world.watcher.degraded is None
