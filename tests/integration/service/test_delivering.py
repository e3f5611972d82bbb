"""From the outbox to those who are told."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidInput, Unavailable
from engine.model.notice import DeliveryState
from engine.notify.attempt import Attempt, MailServer
from engine.notify.chat import Parcel
from engine.ports import NoticeFilter, Settled
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks
from engine.schedule.jump import Wakefulness
from engine.schedule.shared_alarm import SharedAlarm
from engine.service.deliveries import Deliveries, Doors
from engine.service.notify_parts import NotifyParts
from engine.store.database import Database
from engine.store.notifications import SqliteNotificationStore
from engine.store.runs import SqliteRunStore
from tests.fakes import receivers
from tests.fakes.alarm import FakeAlarm
from tests.fakes.clock import START, FakeClock
from tests.fakes.told import a_notice

WAITING, DELIVERED, FAILED = DeliveryState


class World:
    """`doors` may be changed before `restart`."""

    def __init__(self, database: Database, directory: Path) -> None:
        self.clock = FakeClock()
        self.alarm = FakeAlarm(self.clock)
        self.store = SqliteNotificationStore(database)
        self._runs = SqliteRunStore(database)
        self.doors = Doors(
            mail_server=None,
            free_targets=frozenset(),
            allow_private=False,
            allowed_hosts=(),
            reveal=lambda _, target: target,
            redact=lambda text: text,
            directory=directory,
        )
        self.restart()

    def restart(self, **doors: Any) -> None:
        self.doors = self.doors._replace(**doors)
        parts = NotifyParts(
            clock=self.clock,
            state=State(Wakefulness(self.clock.now(), self.clock.monotonic())),
            runs=self._runs,
            store=self.store,
            alarm=SharedAlarm(self.alarm, self.clock),
            tasks=Tasks(),
        )
        self.deliveries = Deliveries(parts, self.doors)
        self.deliveries.begin()

    def tell(self, *targets: str, notice_id: str = "n1") -> None:
        notice = a_notice(notice_id, at=self.clock.now())
        asyncio.run(self.store.settle(Settled(notices=[(notice, targets)])))

    def turn(self) -> None:
        asyncio.run(self.deliveries.turns.turn())

    def ring(self) -> None:
        """Let time pass until the alarm rings."""
        assert self.alarm.at is not None
        self.clock.jump(self.alarm.at)
        self.alarm.ring_if_due()
        self.turn()

    @property
    def states(self) -> list[tuple[DeliveryState, int]]:
        items = self.store.page(NoticeFilter(), limit=100).items
        return [(each.state, each.attempts) for each in reversed(items)]

    @property
    def error(self) -> str:
        return self.store.page(NoticeFilter(), limit=1).items[0].error


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    database = Database(tmp_path / "pysched.db")
    yield World(database, tmp_path)
    database.close()


def server_at(port: int) -> MailServer:
    return MailServer(
        host="127.0.0.1", port=port, security="auto", username=None, password=None,
        sender="pysched@example.com",
    )  # fmt: skip


@pytest.fixture
def mails() -> Iterator[receivers.MailServer]:
    server = receivers.MailServer()
    yield server
    server.stop()


@pytest.fixture
def webhook() -> Iterator[receivers.Webhook]:
    hook = receivers.Webhook()
    yield hook
    hook.stop()


def test_each_target_gets_the_notice_once(world, mails, webhook):
    world.restart(mail_server=server_at(mails.start().port), allow_private=True)
    world.tell("ops@example.com", webhook.start().url, "dev@example.com")
    world.turn()
    world.turn()

    assert world.states == [(DELIVERED, 1)] * 3
    assert [to for to, _ in mails.box.mails] == [["ops@example.com"], ["dev@example.com"]]
    assert len(webhook.received) == 1
    assert world.alarm.at is None


def test_what_is_away_at_first_is_told_when_it_is_back(world, mails, webhook):
    world.restart(mail_server=server_at(mails.port), free_targets=frozenset({webhook.url}))
    world.tell("ops@example.com", webhook.url)
    world.turn()
    assert world.states == [(WAITING, 1)] * 2
    assert world.alarm.at == START + timedelta(seconds=5)
    mails.start()
    webhook.start()
    world.ring()

    assert world.states == [(DELIVERED, 2)] * 2


def test_one_target_that_fails_holds_up_no_other(world, mails):
    world.restart(mail_server=server_at(mails.start().port))
    world.tell("nobody@example.com", "later@example.com", "ops@example.com")
    world.turn()

    assert world.states == [(FAILED, 1), (WAITING, 1), (DELIVERED, 1)]


def test_a_delivery_goes_on_after_a_restart(world, mails):
    world.tell("ops@example.com")
    world.turn()
    world.restart(mail_server=server_at(mails.start().port))
    world.clock.advance(5)
    world.turn()

    assert world.states == [(DELIVERED, 2)]


def test_without_a_mail_server_it_is_told_what_is_missing(world):
    world.tell("ops@example.com")
    world.turn()

    assert world.states == [(WAITING, 1)]
    assert "SMTP_SERVER" in world.error


def test_it_is_given_up_after_a_day(world):
    world.tell("ops@example.com")
    world.turn()
    while world.alarm.at is not None:
        world.ring()

    assert world.states == [(FAILED, 31)]
    assert world.clock.now() - START < timedelta(hours=25)


def test_what_is_not_delivered_is_trouble_until_it_is(world, mails):
    world.tell("ops@example.com")
    world.turn()
    assert world.deliveries.trouble is None
    world.ring()
    world.ring()
    assert "1 notification is not delivered, such as to ops@example.com" in (
        world.deliveries.trouble or ""
    )
    world.restart(mail_server=server_at(mails.start().port))
    assert world.deliveries.trouble is not None
    world.ring()

    assert world.deliveries.trouble is None


def test_a_target_that_stands_for_a_secret_is_filled_in_when_it_is_used(world, webhook):
    world.restart(reveal=lambda _, target: webhook.url, free_targets=frozenset({"${secret:HOOK}"}))
    webhook.start()
    world.tell("${secret:HOOK}")
    world.turn()

    assert world.states == [(DELIVERED, 1)]


def test_a_mail_server_that_is_away_is_asked_once_in_a_round(world, monkeypatch):
    asked = []
    away = Attempt(delivered=False, detail="no answer", unreachable=True)
    monkeypatch.setattr("engine.notify.mail.send_mail", lambda *_: asked.append(1) or away)
    world.restart(mail_server=server_at(1))
    world.tell(*(f"ops{number}@example.com" for number in range(20)))
    world.turn()

    assert (len(asked), world.states) == (1, [(WAITING, 1)] * 20)


def test_a_key_that_is_not_there_now_may_be_mended(world):
    def reveal(script: object, target: str) -> str:
        raise Unavailable("the key of secrets cannot be read")

    world.restart(reveal=reveal)
    world.tell("${secret:HOOK}")
    world.turn()

    assert world.states == [(WAITING, 1)]


def test_a_secret_that_is_not_there_is_given_up(world):
    def reveal(script: object, target: str) -> str:
        raise InvalidInput("secret 'HOOK' is not in the store")

    world.restart(reveal=reveal)
    world.tell("${secret:HOOK}")
    world.turn()

    assert (world.states, world.error) == ([(FAILED, 1)], "secret 'HOOK' is not in the store")


def test_a_url_of_a_manifest_reaches_no_private_address(world, webhook):
    webhook.start()
    world.tell(webhook.url)
    world.turn()

    assert (world.states, webhook.received) == ([(FAILED, 1)], [])


def broken_sender(*_: object) -> Attempt:
    raise ValueError("a mistake")


def test_a_mail_that_runs_into_a_mistake_holds_up_no_other(world, webhook, monkeypatch):
    monkeypatch.setattr("engine.notify.mail.send_mail", broken_sender)
    world.restart(mail_server=server_at(1), allow_private=True)
    world.tell(webhook.start().url, "ops@example.com")
    world.turn()

    assert world.states == [(DELIVERED, 1), (WAITING, 1)]
    assert world.error == "the server made a mistake: ValueError: a mistake"


def test_a_mistake_with_one_url_holds_up_no_other(world, monkeypatch):
    async def send(parcels: Sequence[Parcel], **_: object) -> list[Attempt]:
        if any("bad" in parcel.url for parcel in parcels):
            raise ValueError("a mistake")
        return [Attempt(delivered=True)] * len(parcels)

    monkeypatch.setattr("engine.notify.chat.send_chat", send)
    world.tell("json://good/", "json://bad/", "json://fine/")
    world.turn()

    assert world.states == [(DELIVERED, 1), (WAITING, 1), (DELIVERED, 1)]


def test_a_target_that_cannot_be_filled_in_by_a_mistake_holds_up_no_other(world, mails):
    def reveal(script: object, target: str) -> str:
        return {"ops@example.com": target}[target]

    world.restart(mail_server=server_at(mails.start().port), reveal=reveal)
    world.tell("${secret:HOOK}", "ops@example.com")
    world.turn()

    assert world.states == [(WAITING, 1), (DELIVERED, 1)]


def test_a_mistake_is_logged_with_its_trace(world, monkeypatch, caplog):
    monkeypatch.setattr("engine.notify.mail.send_mail", broken_sender)
    world.restart(mail_server=server_at(1))
    world.tell("ops@example.com")
    world.turn()

    assert [each.message for each in caplog.records if each.exc_info] == [
        "a notification cannot be sent"
    ]


def test_a_secret_that_breaks_the_url_is_given_up(world):
    world.restart(reveal=lambda _, target: "json://me:pa[ss@example.com/")
    world.tell("json://me:${secret:PASSWORD}@example.com/")
    world.turn()

    assert world.states == [(FAILED, 1)]
    assert "%5B" in world.error


def test_what_the_other_side_said_is_kept_without_secrets(world, monkeypatch):
    said = Attempt(delivered=False, detail="535 hunter2 is wrong")
    monkeypatch.setattr("engine.notify.mail.send_mail", lambda *_: said)
    world.restart(mail_server=server_at(1), redact=lambda text: text.replace("hunter2", "***"))
    world.tell("ops@example.com")
    world.turn()

    assert world.error == "535 *** is wrong"
