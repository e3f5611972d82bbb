"""Roles and keys."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.errors import Unavailable
from engine.model.account import issue_key
from tests.fakes.clock import FakeClock
from tests.fakes.keys import FakeKeyStore
from web.permissions import Keys, Principal, Role, StoredKeys

ADA = Principal(name="ada", role=Role.OPERATOR)


def asked(keys: Keys, presented: bytes) -> Principal | None:
    return asyncio.run(keys.principal(presented))


class World:
    """A store with one key, and the keys that the web makes of it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = FakeKeyStore()
        self.key, secret = issue_key(
            name="import",
            role=Role.OPERATOR,
            scripts=["etl/*"],
            expires=self.clock.now() + timedelta(days=1),
            now=self.clock.now(),
            randomness=bytes(38),
        )
        self.secret = secret.encode()
        self.keys = Keys({"fixed": ADA}, StoredKeys(self.store, self.clock))

    def add(self) -> None:
        self.store.kept[self.key.id] = self.key

    def ask(self, presented: bytes | None = None) -> Principal | None:
        return asked(self.keys, presented or self.secret)


@pytest.fixture
def world() -> World:
    found = World()
    found.add()
    return found


@pytest.mark.parametrize(
    ("role", "allowed"), [(Role.VIEWER, True), (Role.OPERATOR, True), (Role.EDITOR, False)]
)
def test_a_role_may_do_what_lesser_roles_may(role, allowed):
    assert ADA.may(role) is allowed


@pytest.mark.parametrize("presented", [b"", b"ke", b"keys", b"KEY", b"\xff"])
def test_only_the_very_key_opens(presented):
    assert asked(Keys({"key": ADA}), presented) is None


def test_a_key_names_its_owner():
    keys = Keys({"other": Principal(name="b", role=Role.ADMIN), "key": ADA})

    assert asked(keys, b"key") == ADA


def test_an_empty_key_is_no_key():
    assert asked(Keys({"": ADA}), b"") is None


def test_a_key_that_was_given_out_opens_with_its_role_and_scripts(world):
    assert world.ask() == Principal(name="import", role=Role.OPERATOR, scripts=("etl/*",))


def test_a_fixed_key_needs_no_look_at_the_store(world):
    assert (world.ask(b"fixed"), world.store.reads) == (ADA, 0)


def test_an_expired_key_opens_nothing(world):
    world.clock.advance(timedelta(days=1))

    assert world.ask() is None


def test_many_requests_read_the_keys_once(world):
    for _ in range(50):
        world.ask()

    assert world.store.reads == 1


def test_guessing_keys_does_not_have_them_read_each_time(world):
    for number in range(50):
        world.ask(f"guess {number}".encode())

    assert world.store.reads == 1


def test_a_key_of_another_process_is_known_soon(world):
    world.store.kept.clear()
    world.ask()
    world.add()
    world.clock.advance(0.2)

    assert world.ask() is not None


def test_a_key_that_another_process_removed_is_refused_within_two_seconds(world):
    world.ask()
    world.store.kept.clear()
    world.clock.advance(2.0)

    assert world.ask() is None


def test_a_change_of_our_own_is_known_at_once(world):
    world.ask()
    world.store.kept.clear()
    world.keys.read_again()

    assert world.ask() is None


def test_a_use_is_noted_once_a_minute(world):
    start = world.clock.now()
    for _ in range(4):
        world.ask()
        world.clock.advance(30.0)

    assert [at - start for _, at in world.store.uses] == [timedelta(0), timedelta(minutes=1)]


def test_a_use_that_cannot_be_noted_keeps_nobody_out(world):
    world.store.failure = Unavailable("the disk is full")

    assert world.ask() is not None


def test_a_principal_sees_its_scripts_alone():
    some = replace(ADA, scripts=("etl/*",))

    assert [some.may_see(one) for one in ("etl/load", "etl/a/b", "etlx", "web")] == [
        True,
        True,
        False,
        False,
    ]


def test_without_patterns_a_principal_sees_every_script():
    assert ADA.may_see("anything/at/all")
