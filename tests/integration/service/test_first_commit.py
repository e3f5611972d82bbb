"""A tree is put under git once, however long that takes, and nothing waits for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest

from engine.config import load_settings
from engine.errors import BrokenRepository
from engine.history.repository import Repository
from engine.service import compose
from engine.service.clock import SystemClock
from engine.service.compose import Composition
from tests.fakes.reconciled import on_a_loop


class FirstCommits:
    """First commits that take until `end`."""

    def __init__(self) -> None:
        self.begun = 0
        self.end = asyncio.Event()

    async def begin(self, tree: Path, now: datetime) -> Repository:
        self.begun += 1
        await self.end.wait()
        raise BrokenRepository("the disk is full")


@asynccontextmanager
async def composed(tmp_path: Path) -> AsyncIterator[Composition]:
    (tmp_path / "scripts").mkdir()
    paths = {"paths.scripts": str(tmp_path / "scripts"), "paths.data": str(tmp_path / "data")}
    settings = load_settings(overrides=paths, environ={})
    composition = compose.compose(settings, SystemClock().now())
    try:
        yield composition
    finally:
        await composition.tasks.cancel()
        composition.stores.close()


async def look_around(composition: Composition) -> None:
    async with asyncio.timeout(5):
        await composition._look_around()
    await asyncio.sleep(0)


@on_a_loop
async def test_a_first_commit_that_takes_long_is_not_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    commits = FirstCommits()
    monkeypatch.setattr(compose, "begin", commits.begin)
    async with composed(tmp_path) as composition:
        await look_around(composition)
        await look_around(composition)

        assert commits.begun == 1


@on_a_loop
async def test_a_first_commit_that_failed_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    commits = FirstCommits()
    commits.end.set()
    monkeypatch.setattr(compose, "begin", commits.begin)
    async with composed(tmp_path) as composition:
        await look_around(composition)
        await look_around(composition)

        assert commits.begun == 2
