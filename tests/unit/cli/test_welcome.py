"""The account that the first start makes, and what is told of it."""

import asyncio
import logging

import pytest
from pydantic import SecretStr

from engine.errors import Unavailable
from engine.model.account import Role, digest_of
from engine.model.session import Lifetime
from engine.service.first_admin import Welcome
from schemas.settings import LogSettings, Settings
from tests.fakes.clock import FakeClock
from tests.fakes.engine import NOON, FakeEngine
from tests.fakes.passwords import FakePasswords
from web.auth.accounts import Accounts
from web.cli.report import JsonReport
from web.cli.welcome import welcome

OWN = "correct horse battery"


class World:
    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.passwords = FakePasswords()
        lifetime = Lifetime(idle=NOON - NOON, whole=NOON - NOON)
        self.accounts = Accounts(self.engine, FakeClock(NOON), lifetime, passwords=self.passwords)

    def start(self, **values) -> Welcome | None:
        settings = Settings().model_copy(update=values)
        return asyncio.run(welcome(self.engine, self.accounts, settings))

    @property
    def users(self):
        return self.engine.users.all()


@pytest.fixture
def world():
    return World()


def test_the_first_start_makes_an_admin_with_a_password_and_a_link(world):
    told = world.start()
    [admin] = world.users

    assert (admin.name, admin.role, admin.password) == (
        "admin",
        Role.ADMIN,
        f"hash of {told.password}",
    )
    assert world.engine.sessions.links["admin"].digest == digest_of(told.link.encode())


def test_no_two_first_starts_make_the_same_secrets():
    told = [World().start() for _ in range(2)]

    assert len({one.password for one in told} | {one.link for one in told}) == 4


def test_a_start_that_finds_a_user_makes_and_hashes_nothing(world):
    world.start()
    before = world.users
    world.passwords.busy = True

    assert (world.start(), world.start(admin_password=SecretStr(OWN))) == (None, None)
    assert world.users == before


def test_the_operators_own_password_is_used_and_not_told(world):
    assert world.start(admin_password=SecretStr(OWN)) is None
    assert [user.password for user in world.users] == [f"hash of {OWN}"]
    assert world.engine.sessions.links == {}


def test_where_the_terminal_is_a_log_no_secret_is_made(world):
    told = world.start(log=LogSettings(format="json"))

    assert told == Welcome("admin", None, None)
    assert [user.password for user in world.users] == [None]


def test_a_failure_keeps_nothing_from_running(world, caplog, monkeypatch):
    async def fail(_user):
        raise Unavailable("the disk is full")

    monkeypatch.setattr(world.engine.users, "add_first", fail)

    assert world.start() is None
    assert [record.error for record in caplog.records] == ["the disk is full"]


def test_a_log_gets_no_secret(caplog):
    with caplog.at_level(logging.INFO):
        JsonReport().welcome(Welcome("admin", "the-password", "the-link"), "http://here")

    assert "the-" not in " ".join(str(vars(record)) for record in caplog.records)
    assert "pysched user link admin" in caplog.records[0].next
