"""Sessions in memory: what a request costs, and how soon a change elsewhere is known."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.errors import Unavailable
from engine.model.account import Role
from engine.model.session import ID_BYTES, SECRET_BYTES, Lifetime, open_session
from engine.model.user import User
from tests.fakes.clock import FakeClock
from tests.fakes.engine import FakeEngine
from web.auth import sessions
from web.auth.sessions import OpenSessions
from web.permissions import Principal, Via

DAY = timedelta(days=1)


class World:
    """A user with one session, and what the web makes of it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.engine = FakeEngine()
        self.store = self.engine.sessions
        now = self.clock.now()
        self.engine.users.kept["ada"] = User(
            name="ada", role=Role.EDITOR, password="hash", created=now
        )
        self.session, self.secret = self.open(0)
        self.sessions = OpenSessions(self.engine, self.clock, Lifetime(idle=DAY, whole=7 * DAY))

    def open(self, number: int):
        session, secret = open_session(
            user="ada",
            agent="",
            address="",
            now=self.clock.now(),
            randomness=number.to_bytes(ID_BYTES + SECRET_BYTES, "little"),
        )
        self.store.kept[session.id] = session
        return session, secret

    def ask(self, secret: str | None = None) -> Principal | None:
        return asyncio.run(self.sessions.principal(self.secret if secret is None else secret))

    def change(self, **values) -> None:
        self.engine.users.kept["ada"] = replace(self.engine.users.kept["ada"], **values)


@pytest.fixture
def world() -> World:
    return World()


def test_a_session_is_its_users(world):
    assert world.ask() == Principal(
        name="ada", role=Role.EDITOR, via=Via.SESSION, account="ada", session=world.session.id
    )


@pytest.mark.parametrize("secret", ["", "guessed", "x" * 5000])
def test_another_secret_opens_nothing(world, secret):
    assert world.ask(secret) is None


def test_many_requests_read_a_session_once(world):
    for _ in range(50):
        world.ask()

    assert world.store.reads == 1


def test_a_session_that_another_process_ended_is_over_within_two_seconds(world):
    world.ask()
    world.store.kept.clear()
    world.clock.advance(2.0)

    assert world.ask() is None


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": Role.VIEWER}])
def test_a_change_of_the_user_by_another_process_counts_within_two_seconds(world, change):
    before = world.ask()
    world.change(**change)
    world.clock.advance(2.0)

    assert world.ask() != before


def test_a_change_of_our_own_counts_at_once(world):
    world.ask()
    world.store.kept.clear()
    world.sessions.read_again()

    assert world.ask() is None


def test_a_use_is_noted_once_a_minute(world):
    start = world.clock.now()
    for _ in range(5):
        world.ask()
        world.clock.advance(30.0)

    assert [at - start for _, at in world.store.uses] == [
        timedelta(minutes=1),
        timedelta(minutes=2),
    ]


def test_a_look_is_no_use(world):
    world.clock.advance(90.0)
    found = asyncio.run(world.sessions.principal(world.secret, used=False))

    assert (found is not None, world.store.uses) == (True, [])


def test_a_use_that_cannot_be_noted_keeps_nobody_out(world):
    world.store.failure = Unavailable("the disk is full")
    world.clock.advance(60.0)

    assert world.ask() is not None


def test_use_keeps_a_session_open_until_its_whole_life_is_over(world):
    found = []
    for _ in range(9):
        world.clock.advance(0.9 * DAY)
        found.append(world.ask() is not None)

    assert found == [True] * 7 + [False] * 2


def test_how_many_are_known_is_bounded(world, monkeypatch):
    monkeypatch.setattr(sessions, "MOST_KNOWN", 5)
    for number in range(1, 20):
        world.ask(world.open(number)[1])

    assert len(world.sessions._known) <= 5
