"""Deliver what is in the outbox: in the background, one after another, until it is there.

A delivery leaves the outbox when its result is on disk, so a crash sends it again. Mails go
from a thread, all else from a process that ends when it has; see `engine.notify.chat`.
Those who are told from `pysched.yaml` are an administrator's choice; the URLs of
manifests are kept off private addresses and off the server's files.

A delivery that runs into a mistake of this program is one that failed, and no more: the
results of all others are written, so that nobody is told twice or never because of it.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import EngineError, InvalidInput
from engine.model.identity import ScriptId
from engine.model.notice import Delivery, DeliveryState, Notice
from engine.model.target import Way, shown, way_of, without_secrets
from engine.notify.attempt import Attempt, MailServer
from engine.notify.backoff import next_try
from engine.notify.wording import one_line
from engine.service.notify_parts import NotifyParts
from engine.service.turns import Turns

if TYPE_CHECKING:
    from engine.notify import chat

logger = logging.getLogger(__name__)

AT_ONCE = 8
"""Deliveries that are tried before their results are written."""
SENDERS = 2
"""Threads that send mail, and processes that send all else, at once; tests are sent as well."""
WORRYING = 3
"""Attempts in vain after which the health report speaks of it."""
REMEMBERED = timedelta(days=1)
"""For how long it speaks of a delivery that was given up."""

NO_MAIL_SERVER = Attempt(
    delivered=False,
    detail="no mail server is set; set SMTP_SERVER and FROM_EMAIL and restart the server",
)


class Doors(NamedTuple):
    """How notices leave the server."""

    mail_server: MailServer | None
    free_targets: frozenset[str]
    """Written in `pysched.yaml`."""
    allow_private: bool
    allowed_hosts: tuple[str, ...]
    reveal: Callable[[ScriptId | None, str], str]
    """Fills the secrets of a script into a target. Raises EngineError."""
    redact: Callable[[str], str]
    """Takes secrets out of what the other side said."""
    directory: Path
    """Where helper programs run."""


class _Parcel(NamedTuple):
    """A notice, and a target as it is written and as it really is."""

    notice: Notice
    target: str
    address: str
    way: Way


class Round:
    """One time of trying all that waits."""

    def __init__(self) -> None:
        self.outage: Attempt | None = None
        """What told that the mail server is away."""


class Deliveries:
    def __init__(self, parts: NotifyParts, doors: Doors) -> None:
        self._store = parts.store
        self._doors = doors
        self._clock = parts.clock
        self.turns = Turns(self._deliver_due, parts)
        self._mailing = asyncio.Semaphore(SENDERS)
        self._chatting = asyncio.Semaphore(SENDERS)
        self.trouble: str | None = None
        """What people are not told of at the moment, and why; None when all is well."""

    def begin(self) -> None:
        """Take up what an earlier server left."""
        self._look_for_trouble()
        self.turns.ask()

    async def _deliver_due(self) -> datetime | None:
        done, round_ = False, Round()
        while not self.turns.closing and (due := self._store.due(self._clock.now(), AT_ONCE)):
            attempts = await self.attempt([(each.notice, each.target) for each in due], round_)
            now = self._clock.now()
            changed = [_after(each, how, now) for each, how in zip(due, attempts, strict=True)]
            await self._store.record(changed)
            for each in changed:
                _log(each)
            done = True
        if done:
            self._look_for_trouble()
        return self._store.next_due()

    def _look_for_trouble(self) -> None:
        since = self._clock.now() - REMEMBERED
        found = self._store.in_trouble(attempts=WORRYING, since=since)
        if found is None:
            self.trouble = None
            return
        many = "1 notification is" if found.number == 1 else f"{found.number} notifications are"
        self.trouble = f"{many} not delivered, such as to {shown(found.target)}: {found.error}"

    async def attempt(self, wanted: Sequence[tuple[Notice, str]], round_: Round) -> list[Attempt]:
        """Try to deliver each notice to its target, once; returns how each went."""
        results: dict[int, Attempt] = {}
        parcels: dict[int, _Parcel] = {}
        for place, (notice, target) in enumerate(wanted):
            packed = self._packed(notice, target)
            if isinstance(packed, Attempt):
                results[place] = packed
            else:
                parcels[place] = packed
        for sent in await asyncio.gather(
            self._send_mails(parcels, round_),
            self._send_chats(parcels, free=True),
            self._send_chats(parcels, free=False),
        ):
            results |= sent
        return [self._redacted(results[place]) for place in range(len(wanted))]

    def _packed(self, notice: Notice, target: str) -> _Parcel | Attempt:
        try:
            address = self._doors.reveal(notice.script, target)
            return _Parcel(notice, target, address, way_of(address))
        except InvalidInput as error:
            return Attempt(delivered=False, detail=str(error), hopeless=True)
        except EngineError as error:
            return Attempt(delivered=False, detail=str(error))
        except Exception as error:
            return _unexpected(error, notice, target)

    def _redacted(self, attempt: Attempt) -> Attempt:
        detail = attempt.detail and self._doors.redact(attempt.detail)
        return attempt._replace(detail=detail)

    async def _send_mails(self, parcels: dict[int, _Parcel], round_: Round) -> dict[int, Attempt]:
        results: dict[int, Attempt] = {}
        for place, parcel in parcels.items():
            if parcel.way is not Way.MAIL:
                continue
            try:
                results[place] = await self._send_mail(parcel, round_)
            except Exception as error:
                results[place] = _unexpected(error, parcel.notice, parcel.target)
        return results

    async def _send_mail(self, parcel: _Parcel, round_: Round) -> Attempt:
        server = self._doors.mail_server
        if server is None:
            return NO_MAIL_SERVER
        # The libraries of mail are read in when the first one is sent.
        from engine.notify.mail import mail, send_mail

        message = mail(parcel.notice, sender=server.sender, recipients=[parcel.address])
        async with self._mailing:
            if round_.outage is not None:
                # Each mail would wait for as long as it took to find that out.
                return round_.outage
            attempt = await asyncio.to_thread(send_mail, server, message, parcel.address)
        if attempt.unreachable:
            round_.outage = attempt
        return attempt

    async def _send_chats(self, parcels: dict[int, _Parcel], *, free: bool) -> dict[int, Attempt]:
        chosen = {
            place: parcel
            for place, parcel in parcels.items()
            if parcel.way is Way.CHAT and self._is_free(parcel.target) is free
        }
        if not chosen:
            return {}
        from engine.notify import chat

        attempts: list[Attempt] = []
        whole = [chat.Parcel(notice=each.notice, url=each.address) for each in chosen.values()]
        for some in chat.portions(whole):
            attempts += await self._send_portion(some, free=free)
        return dict(zip(chosen, attempts, strict=True))

    async def _send_portion(self, some: Sequence["chat.Parcel"], *, free: bool) -> list[Attempt]:
        from engine.notify import chat

        allowed = None if free else self._doors.allowed_hosts
        try:
            async with self._chatting:
                return await chat.send_chat(some, allowed=allowed, cwd=self._doors.directory)
        except Exception as error:
            if len(some) == 1:
                return [_unexpected(error, some[0].notice, some[0].url)]
        # One of them is at fault, and alone it does no harm to the others.
        return [how for each in some for how in await self._send_portion([each], free=free)]

    def _is_free(self, target: str) -> bool:
        return self._doors.allow_private or target in self._doors.free_targets


def _after(delivery: Delivery, attempt: Attempt, now: datetime) -> Delivery:
    """Return a delivery as it is after an attempt."""
    attempts = delivery.attempts + 1
    if attempt.delivered:
        state, next_at = DeliveryState.DELIVERED, None
    else:
        next_at = None if attempt.hopeless else next_try(attempts, delivery.notice.at, now)
        state = DeliveryState.FAILED if next_at is None else DeliveryState.WAITING
    return replace(
        delivery,
        state=state,
        attempts=attempts,
        next_at=next_at,
        done_at=now if next_at is None else None,
        error=attempt.detail,
    )


def _unexpected(error: Exception, notice: Notice, target: str) -> Attempt:
    """Return what became of a delivery that ran into a mistake of this program."""
    extra = {"script_id": notice.script, "run_id": notice.run, "target": shown(target)}
    logger.error("a notification cannot be sent", exc_info=error, extra=extra)
    words = one_line(without_secrets(f"{type(error).__name__}: {error}", target), 500)
    return Attempt(delivered=False, detail=f"the server made a mistake: {words}")


def _log(delivery: Delivery) -> None:
    extra = {
        "script_id": delivery.notice.script,
        "run_id": delivery.notice.run,
        "target": shown(delivery.target),
        "error": delivery.error,
    }
    if delivery.state is DeliveryState.FAILED:
        logger.error("a notification is given up", extra=extra)
    elif delivery.state is DeliveryState.WAITING and delivery.attempts == 1:
        logger.warning("a notification is not delivered yet", extra=extra)
