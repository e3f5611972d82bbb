"""What every SecretStore does."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.errors import NameTaken, NotFound, OtherKey
from engine.model.secret import SealedSecret
from engine.ports import SecretStore
from engine.store.database import Database
from engine.store.secrets import SqliteSecretStore
from tests.fakes.secrets import NOON, FakeSecretStore, a_secret

LATER = NOON + timedelta(minutes=5)


@pytest.fixture(params=["fake", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SecretStore]:
    if request.param == "fake":
        yield FakeSecretStore()
        return
    database = Database(tmp_path / "pysched.db")
    yield SqliteSecretStore(database)
    database.close()


def sealed(name: str = "TOKEN", key_id: str = "k1", **values: object) -> SealedSecret:
    secret = a_secret(name, scripts=("etl/*", "web"), description="why", **values)
    return SealedSecret(secret=secret, key_id=key_id, sealed=f"sealed {name}".encode())


def put(store: SecretStore, *secrets: SealedSecret) -> None:
    for each in secrets:
        asyncio.run(store.put(each, new=True))


def test_a_secret_comes_back_as_it_was(store: SecretStore):
    put(store, sealed(last_used=LATER))

    assert list(store.find(["TOKEN"])) == [sealed(last_used=LATER)]


def test_what_is_told_is_listed_by_name(store: SecretStore):
    put(store, sealed("B"), sealed("A"))

    assert list(store.all()) == [sealed("A").secret, sealed("B").secret]


def test_only_those_that_are_there_are_found(store: SecretStore):
    put(store, sealed("A"), sealed("B"))

    assert {each.secret.name for each in store.find(["B", "C"])} == {"B"}
    assert list(store.find([])) == []


def test_a_name_is_given_once(store: SecretStore):
    put(store, sealed())

    with pytest.raises(NameTaken, match="TOKEN"):
        put(store, sealed())


def test_another_value_takes_the_place_of_the_first(store: SecretStore):
    put(store, sealed())
    asyncio.run(store.put(replace(sealed(), sealed=b"other"), new=False))

    assert [each.sealed for each in store.find(["TOKEN"])] == [b"other"]


@pytest.mark.parametrize("act", ["put", "describe", "remove"])
def test_what_is_not_there_cannot_be_changed(store: SecretStore, act: str):
    acts = {
        "put": lambda: store.put(sealed(), new=False),
        "describe": lambda: store.describe(sealed().secret),
        "remove": lambda: store.remove("TOKEN"),
    }
    with pytest.raises(NotFound, match="TOKEN"):
        asyncio.run(acts[act]())


def test_what_is_told_changes_without_the_value(store: SecretStore):
    put(store, sealed(last_used=LATER))
    told = replace(a_secret(), scripts=("web",), description="new", updated=LATER, updated_by="bo")
    asyncio.run(store.describe(told))

    assert list(store.find(["TOKEN"])) == [
        replace(sealed(), secret=replace(told, last_used=LATER)),
    ]


def test_a_removed_secret_is_gone(store: SecretStore):
    put(store, sealed())
    asyncio.run(store.remove("TOKEN"))

    assert (list(store.all()), store.key_id()) == ([], None)


def test_the_key_of_all_secrets_is_told(store: SecretStore):
    before = store.key_id()
    put(store, sealed())

    assert (before, store.key_id()) == (None, "k1")


@pytest.mark.parametrize("new", [True, False])
def test_a_secret_that_is_sealed_with_another_key_is_refused(store: SecretStore, new: bool):
    put(store, sealed("A"))

    with pytest.raises(OtherKey):
        asyncio.run(store.put(sealed("B" if new else "A", key_id="k2"), new=new))
    assert [secret.name for secret in store.all()] == ["A"]


def test_the_latest_use_is_kept(store: SecretStore):
    put(store, sealed())
    asyncio.run(store.used(["TOKEN"], LATER))
    asyncio.run(store.used(["TOKEN", "GONE"], NOON))

    assert [secret.last_used for secret in store.all()] == [LATER]


def test_all_are_sealed_anew_together(store: SecretStore):
    put(store, sealed("A"), sealed("B"))
    count = asyncio.run(
        store.reseal(lambda each: replace(each, key_id="k2", sealed=each.sealed + b"!"))
    )

    assert (count, store.key_id()) == (2, "k2")
    assert [each.sealed for each in store.find(["A", "B"])] == [b"sealed A!", b"sealed B!"]


def test_a_sealing_that_fails_leaves_all_as_it_was(store: SecretStore):
    put(store, sealed("A"), sealed("B"))

    def again(each: SealedSecret) -> SealedSecret:
        if each.secret.name == "B":
            raise OtherKey("no")
        return replace(each, key_id="k2")

    with pytest.raises(OtherKey):
        asyncio.run(store.reseal(again))
    assert {each.key_id for each in store.find(["A", "B"])} == {"k1"}
