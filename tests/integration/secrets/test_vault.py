"""The vault over a real database and a real key file."""

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import (
    InvalidInput,
    NameTaken,
    NotFound,
    OtherKey,
    UnusableDatabase,
    UnusableSecretKey,
)
from engine.secrets.keyfile import KeyFile
from engine.secrets.keyring import Keyring
from engine.secrets.vault import Vault
from engine.store.database import Database
from engine.store.secrets import SqliteSecretStore
from tests.fakes.clock import FakeClock

VALUE = "hunter22-of-the-house"
PASSPHRASE = "correct horse battery staple"
OTHER_PASSPHRASE = "incorrect horse battery staple"


class Disk:
    """A data directory; `opened` gives a vault as a new process would have it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.database = Database(data / "pysched.db")
        self.store = SqliteSecretStore(self.database)
        self.file = KeyFile(data)
        self.clock = FakeClock()
        self.notes: list[Coroutine[Any, Any, None]] = []

    def opened(self, key: str | None = None) -> Vault:
        return Vault(self.store, Keyring(self.file, key), self.clock, self.notes.append)

    def note(self) -> None:
        while self.notes:
            asyncio.run(self.notes.pop())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    one = Disk(tmp_path)
    yield one
    one.note()
    one.database.close()


def add(vault: Vault, name: str = "TOKEN", value: str = VALUE, **more: Any) -> None:
    asyncio.run(vault.add(name, value, by="ada", **more))


def token(vault: Vault, script: str = "etl/load") -> str:
    return vault.reveal(script, ["TOKEN"])["TOKEN"]


def test_a_run_gets_the_value_that_was_put_in(disk: Disk):
    add(disk.opened())

    assert token(disk.opened()) == VALUE


def test_nothing_of_a_value_is_on_the_disk(disk: Disk):
    add(disk.opened())

    assert not any(VALUE.encode() in each.read_bytes() for each in disk.data.iterdir())


def test_who_put_it_in_and_when_is_told(disk: Disk):
    add(disk.opened(), scripts=["etl/*"], description="why")
    told = disk.opened().find("TOKEN")

    assert (told.created_by, told.created, told.scripts, told.description) == (
        "ada",
        disk.clock.now(),
        ("etl/*",),
        "why",
    )


def test_a_name_is_given_once(disk: Disk):
    add(disk.opened())

    with pytest.raises(NameTaken):
        add(disk.opened())


@pytest.mark.parametrize(
    "wrong",
    [{"name": "token"}, {"value": ""}, {"scripts": ["[a]"]}, {"description": "a\nb"}],
    ids=str,
)
def test_a_secret_that_cannot_be_is_refused(disk: Disk, wrong: dict[str, Any]):
    with pytest.raises(InvalidInput):
        add(disk.opened(), **wrong)
    assert list(disk.store.all()) == []


def test_what_is_not_given_stays_in_a_change(disk: Disk):
    add(disk.opened(), scripts=["etl/*"], description="why")
    disk.clock.advance(60)
    changed = asyncio.run(disk.opened().change("TOKEN", value="other value", by="bo"))

    assert (token(disk.opened()), changed.scripts, changed.description) == (
        "other value",
        ("etl/*",),
        "why",
    )
    assert (changed.created_by, changed.updated_by, changed.updated) == (
        "ada",
        "bo",
        disk.clock.now(),
    )


def test_a_grant_changes_nothing_of_the_value(disk: Disk):
    add(disk.opened(), scripts=["etl/*"])
    asyncio.run(disk.opened().change("TOKEN", scripts=["web"], by="bo"))

    assert token(disk.opened(), "web") == VALUE


def test_a_secret_that_is_not_there_can_be_neither_changed_nor_read(disk: Disk):
    with pytest.raises(NotFound):
        asyncio.run(disk.opened().change("TOKEN", value=VALUE, by="bo"))
    with pytest.raises(InvalidInput, match="there is no secret TOKEN"):
        token(disk.opened())


def test_a_script_that_was_not_granted_a_secret_does_not_get_it(disk: Disk):
    add(disk.opened(), scripts=["web"])

    with pytest.raises(InvalidInput, match="not granted to etl/load"):
        token(disk.opened())


def test_another_process_sees_changes_at_once(disk: Disk):
    server = disk.opened()
    server.prepare()
    add(disk.opened())
    first = token(server)
    asyncio.run(disk.opened().change("TOKEN", value="other value", by="bo"))

    assert (first, token(server)) == (VALUE, "other value")


def test_a_start_makes_the_key(disk: Disk):
    disk.opened().prepare()

    assert disk.file.read() is not None


def test_a_start_with_a_key_of_its_own_makes_none(disk: Disk):
    disk.opened(PASSPHRASE).prepare()

    assert disk.file.read() is None


def test_a_lost_key_is_told_at_the_start_and_no_other_is_made(disk: Disk):
    add(disk.opened())
    disk.file.path.unlink()
    server = disk.opened()
    server.prepare()

    assert "secret.key is missing" in (server.failure or "")
    assert disk.file.read() is None


def test_a_key_of_another_installation_is_told_at_the_start(disk: Disk):
    add(disk.opened())
    disk.file.path.unlink()
    disk.file.create()
    server = disk.opened()
    server.prepare()

    assert "sealed with another key" in (server.failure or "")
    with pytest.raises(OtherKey):
        token(server)


def test_a_wrong_variable_is_told_with_what_to_do(disk: Disk):
    add(disk.opened(PASSPHRASE))

    with pytest.raises(OtherKey, match="Start with the PYSCHED_SECRET_KEY"):
        token(disk.opened(OTHER_PASSPHRASE))
    with pytest.raises(OtherKey, match="Start with the PYSCHED_SECRET_KEY"):
        add(disk.opened(OTHER_PASSPHRASE), "SECOND")


def test_what_was_wrong_is_forgotten_once_it_is_mended(disk: Disk):
    add(disk.opened())
    disk.file.path.chmod(0o644)
    server = disk.opened()
    server.prepare()
    before = server.failure
    disk.file.path.chmod(0o600)
    token(server)

    assert (bool(before), server.failure) == (True, None)


def test_a_value_that_was_moved_to_another_row_does_not_open(disk: Disk):
    add(disk.opened())
    add(disk.opened(), "OTHER", "the other value")
    [other] = disk.store.find(["OTHER"])
    [mine] = disk.store.find(["TOKEN"])
    asyncio.run(disk.store.put(replace(mine, sealed=other.sealed), new=False))

    with pytest.raises(UnusableDatabase):
        token(disk.opened())


def test_a_use_is_noted_once_a_minute(disk: Disk):
    vault = disk.opened()
    add(vault)
    for _ in range(3):
        token(vault)
    first = len(disk.notes)
    disk.note()
    disk.clock.advance(61)
    token(vault)

    assert (first, len(disk.notes)) == (1, 1)
    disk.note()
    assert vault.find("TOKEN").last_used == disk.clock.now()


def test_a_use_that_cannot_be_noted_keeps_no_run_from_its_secrets(disk: Disk):
    vault = disk.opened()
    add(vault)
    disk.database.close()
    reopened = Disk(disk.data)
    server = reopened.opened()
    value = token(server)
    reopened.database.close()
    reopened.note()

    assert value == VALUE


# Exchanging the key


def rotate(vault: Vault, text: str | None = None) -> int:
    return asyncio.run(vault.rotate(text))


def test_after_a_rotation_everything_opens_with_the_new_key_alone(disk: Disk):
    add(disk.opened())
    old = disk.file.path.read_text()
    count = rotate(disk.opened())

    assert (count, token(disk.opened())) == (1, VALUE)
    disk.file.path.write_text(old)
    with pytest.raises(OtherKey):
        token(disk.opened())


def test_a_server_notices_that_the_key_was_exchanged(disk: Disk):
    server = disk.opened()
    add(server)
    token(server)
    rotate(disk.opened())
    add(server, "SECOND")

    assert set(server.reveal("x", ["TOKEN", "SECOND"])) == {"TOKEN", "SECOND"}
    assert len({each.key_id for each in disk.store.find(["TOKEN", "SECOND"])}) == 1


def test_the_first_secret_after_a_rotation_is_sealed_with_the_new_key(disk: Disk):
    server = disk.opened()
    server.prepare()
    rotate(disk.opened())
    add(server)

    assert token(disk.opened()) == VALUE


@pytest.mark.parametrize("stop", ["stage", "reseal", "promote"])
@pytest.mark.parametrize("before", [True, False])
def test_a_rotation_that_stops_anywhere_loses_nothing(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, stop: str, before: bool
):
    add(disk.opened())
    owner = SqliteSecretStore if stop == "reseal" else KeyFile
    real = getattr(owner, stop)

    def stopped(*arguments: Any) -> Any:
        if not before:
            real(*arguments)
        raise KeyboardInterrupt

    async def stopped_later(*arguments: Any) -> Any:
        if not before:
            await real(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owner, stop, stopped_later if stop == "reseal" else stopped)
        with pytest.raises(KeyboardInterrupt):
            rotate(disk.opened())

    assert token(disk.opened()) == VALUE
    add(disk.opened(), "SECOND")
    assert rotate(disk.opened()) == 2
    assert set(disk.opened().reveal("x", ["TOKEN", "SECOND"]).values()) == {VALUE}


def test_a_variable_is_exchanged_for_the_one_it_is_going_to_be(disk: Disk):
    add(disk.opened(PASSPHRASE))
    rotate(disk.opened(PASSPHRASE), OTHER_PASSPHRASE)

    assert token(disk.opened(OTHER_PASSPHRASE)) == VALUE
    with pytest.raises(OtherKey):
        token(disk.opened(PASSPHRASE))


def test_secrets_move_from_the_file_to_a_variable(disk: Disk):
    add(disk.opened())
    with pytest.raises(OtherKey, match="`pysched secret rotate`"):
        token(disk.opened(PASSPHRASE))
    vault = disk.opened(PASSPHRASE)

    assert (vault.wants_key(), rotate(vault), token(disk.opened(PASSPHRASE))) == (False, 1, VALUE)


@pytest.mark.parametrize(
    ("key", "text", "told"),
    [
        (PASSPHRASE, None, "give the value that it is going to have"),
        (PASSPHRASE, PASSPHRASE, "has already"),
        (None, PASSPHRASE, "give none"),
    ],
)
def test_a_rotation_without_a_sensible_key_is_refused(
    disk: Disk, key: str | None, text: str | None, told: str
):
    add(disk.opened(key))

    with pytest.raises(InvalidInput, match=told):
        rotate(disk.opened(key), text)
    assert token(disk.opened(key)) == VALUE


def test_a_placeholder_cannot_become_the_key(disk: Disk):
    add(disk.opened(PASSPHRASE))

    with pytest.raises(UnusableSecretKey, match="placeholder"):
        rotate(disk.opened(PASSPHRASE), "your-secret-key")


def test_a_rotation_notices_what_does_not_open(disk: Disk):
    add(disk.opened())
    [sealed] = disk.store.find(["TOKEN"])
    asyncio.run(disk.store.put(replace(sealed, sealed=bytes(40)), new=False))

    with pytest.raises(UnusableDatabase):
        rotate(disk.opened())
    assert disk.store.key_id() == sealed.key_id
