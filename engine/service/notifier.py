"""What notices, writes down and delivers, put together; loaded when somebody is to be told."""

import asyncio
import secrets
import socket
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from engine.errors import InvalidInput
from engine.model.event import Event
from engine.model.notice import Notice, NoticeKind, Tried
from engine.model.script import Script
from engine.model.target import shown
from engine.notify.attempt import MailServer
from engine.notify.message import trial
from engine.runs.files import RunFiles
from engine.service.deliveries import Deliveries, Doors, Round
from engine.service.notices import Notices, Wording
from engine.service.notifications import Notifications
from engine.service.notify_parts import NotifyParts, Secrecy
from schemas.settings import Settings

LAST_SECONDS = 3.0
"""How long the server's stop waits for a delivery that is under way."""


class Notifier:
    def __init__(
        self, parts: NotifyParts, settings: Settings, files: RunFiles, secrecy: Secrecy
    ) -> None:
        self._parts = parts
        self._zone = ZoneInfo(settings.defaults.timezone)
        wording = Wording(
            zone=self._zone, public_url=settings.server.public_url, redact=secrecy.redact
        )
        self._deliveries = Deliveries(parts, _doors(settings, secrecy))
        self._notifications = Notifications(
            parts, Notices(parts.runs, files, wording), self._deliveries.turns.ask
        )
        self._going: Sequence[asyncio.Task[None]] = ()

    def receive(self, event: Event) -> None:
        """Take in an event of the bus."""
        self._notifications.receive(event)

    @property
    def trouble(self) -> str | None:
        """What people are not told of at the moment, and why; None when all is well."""
        return self._deliveries.trouble

    def start(self) -> None:
        """Begin with what an earlier server left to tell."""
        self._notifications.begin()
        self._deliveries.begin()
        both = (self._notifications.turns, self._deliveries.turns)
        self._going = [self._parts.tasks.spawn(turns.run()) for turns in both]

    async def stop(self) -> None:
        """Notice nothing more, and let a delivery that is under way come to its end."""
        if not self._going:
            return
        self._notifications.turns.close()
        self._deliveries.turns.close()
        await asyncio.wait(self._going, timeout=LAST_SECONDS)
        for task in self._going:
            task.cancel()

    async def test(self, script: Script | None, target: str | None) -> Sequence[Tried]:
        """Send a test to one target, or to all of a script's; returns how each went.

        Raises InvalidInput when that is nobody.
        """
        targets = _targets(script, target)
        now = self._parts.clock.now()
        message = trial(script and script.id, script and script.name, now, self._zone)
        notice = Notice(
            id=secrets.token_hex(12),
            kind=NoticeKind.TEST,
            script=script.id if script else None,
            run=None,
            at=now,
            subject=message.subject,
            text=message.text,
        )
        attempts = await self._deliveries.attempt([(notice, each) for each in targets], Round())
        return [
            Tried(target=shown(each), delivered=how.delivered, detail=how.detail)
            for each, how in zip(targets, attempts, strict=True)
        ]


def _targets(script: Script | None, target: str | None) -> tuple[str, ...]:
    if target is not None:
        return (target,)
    if script is None:
        raise InvalidInput("name a script whose targets are to be told, or a target")
    if script.notify is None:
        raise InvalidInput(
            f"{script.id} tells nobody: its script.yaml, its folders and pysched.yaml have no "
            "'notify' with 'to'"
        )
    return script.notify.to


def _doors(settings: Settings, secrecy: Secrecy) -> Doors:
    wanted = settings.notifications
    return Doors(
        mail_server=_mail_server(settings),
        free_targets=frozenset(wanted.to),
        allow_private=wanted.allow_private,
        allowed_hosts=tuple(wanted.allowed_hosts),
        reveal=secrecy.reveal,
        redact=secrecy.redact,
        directory=settings.paths.data,
    )


def _mail_server(settings: Settings) -> MailServer | None:
    wanted, password = settings.notifications, settings.smtp_password
    if wanted.smtp_server is None:
        return None
    return MailServer(
        host=wanted.smtp_server,
        port=wanted.smtp_port,
        security=wanted.smtp_security,
        username=wanted.smtp_username,
        password=password.get_secret_value() if password is not None else None,
        sender=wanted.from_email or _sender(wanted.smtp_username),
    )


def _sender(username: str | None) -> str:
    if username is not None and "@" in username:
        return username
    host = socket.gethostname()
    return f"pysched@{host if '.' in host else f'{host}.localdomain'}"
