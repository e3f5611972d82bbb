"""What every KeyStore does."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.errors import NameTaken, NotFound
from engine.model.account import ApiKey, Role, digest_of
from engine.ports import KeyStore
from engine.store.database import Database
from engine.store.keys import SqliteKeyStore
from tests.fakes.clock import START
from tests.fakes.keys import FakeKeyStore

LATER = START + timedelta(minutes=5)


@pytest.fixture(params=["fake", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeyStore]:
    if request.param == "fake":
        yield FakeKeyStore()
        return
    database = Database(tmp_path / "pysched.db")
    yield SqliteKeyStore(database)
    database.close()


def a_key(name: str = "import") -> ApiKey:
    return ApiKey(
        id=name[:3],
        name=name,
        digest=digest_of(name.encode()),
        role=Role.OPERATOR,
        scripts=("etl/*", "reports/daily"),
        created=START,
        expires=LATER,
    )


def test_a_key_comes_back_as_it_was(store: KeyStore):
    asyncio.run(store.add(a_key()))

    assert list(store.all()) == [a_key()]


def test_keys_are_listed_by_name(store: KeyStore):
    for name in ("b-key", "a-key"):
        asyncio.run(store.add(a_key(name)))

    assert [key.name for key in store.all()] == ["a-key", "b-key"]


def test_a_name_is_given_once(store: KeyStore):
    asyncio.run(store.add(a_key()))

    with pytest.raises(NameTaken, match="import"):
        asyncio.run(store.add(replace(a_key(), id="other", digest=b"other")))


def test_a_removed_key_is_gone(store: KeyStore):
    asyncio.run(store.add(a_key()))
    asyncio.run(store.remove("imp"))

    assert list(store.all()) == []


def test_what_is_not_there_cannot_be_removed(store: KeyStore):
    with pytest.raises(NotFound, match="nobody"):
        asyncio.run(store.remove("nobody"))


def test_the_latest_use_is_kept(store: KeyStore):
    asyncio.run(store.add(a_key()))
    asyncio.run(store.used("imp", LATER))
    asyncio.run(store.used("imp", START))

    assert store.all()[0].last_used == LATER


def test_the_use_of_a_key_that_is_gone_is_nothing(store: KeyStore):
    asyncio.run(store.used("gone", START))

    assert list(store.all()) == []
