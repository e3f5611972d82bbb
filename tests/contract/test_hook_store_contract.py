"""What every HookStore does."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import NotFound
from engine.model.hook import Hook
from engine.ports import HookStore
from engine.store.database import Database
from engine.store.hooks import SqliteHookStore
from tests.fakes.clock import START
from tests.fakes.hooks import FakeHookStore

HOOK = Hook(script="etl/load", digest=b"1" * 32, created=START)


@pytest.fixture(params=["fake", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HookStore]:
    if request.param == "fake":
        yield FakeHookStore()
        return
    database = Database(tmp_path / "pysched.db")
    yield SqliteHookStore(database)
    database.close()


def test_a_hook_is_found_by_the_hash_of_its_token(store: HookStore):
    asyncio.run(store.put(HOOK))

    assert (store.find(b"1" * 32), store.find(b"2" * 32)) == (HOOK, None)


def test_a_new_hook_takes_the_place_of_the_old(store: HookStore):
    new = Hook(script="etl/load", digest=b"2" * 32, created=START)
    asyncio.run(store.put(HOOK))
    asyncio.run(store.put(new))

    assert (list(store.all()), store.find(HOOK.digest)) == ([new], None)


def test_hooks_are_listed_by_script(store: HookStore):
    for script in ("web", "etl"):
        asyncio.run(store.put(Hook(script=script, digest=script.encode(), created=START)))

    assert [hook.script for hook in store.all()] == ["etl", "web"]


def test_a_removed_hook_is_gone(store: HookStore):
    asyncio.run(store.put(HOOK))
    asyncio.run(store.remove("etl/load"))

    assert list(store.all()) == []


def test_what_is_not_there_cannot_be_removed(store: HookStore):
    with pytest.raises(NotFound, match="etl/load"):
        asyncio.run(store.remove("etl/load"))
