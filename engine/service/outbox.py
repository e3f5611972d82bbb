"""Tell people what happens to their scripts, from the moment that somebody wants to be told.

What does it is loaded then: a server none of whose scripts has `notify` neither starts later
nor is larger for it.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from engine.model.event import Event, PlanApplied, RunChanged
from engine.model.notice import Tried
from engine.model.script import Script
from engine.notify.rules import wants
from engine.runs.files import RunFiles
from engine.schedule.shared_alarm import SharedAlarm
from engine.service.notify_parts import OPEN, NotifyParts, Secrecy
from engine.service.secrets import fill
from schemas.settings import Settings

if TYPE_CHECKING:
    from engine.service.compose import Composition
    from engine.service.notifier import Notifier


class Outbox:
    def __init__(
        self, parts: NotifyParts, settings: Settings, files: RunFiles, secrecy: Secrecy = OPEN
    ) -> None:
        self._parts = parts
        self._settings = settings
        self._files = files
        self._secrecy = secrecy
        self._notifier: Notifier | None = None
        self._started = False
        self.store = parts.store

    @property
    def trouble(self) -> str | None:
        """What people are not told of at the moment, and why; None when all is well."""
        return self._notifier.trouble if self._notifier is not None else None

    def receive(self, event: Event) -> None:
        """Take in an event of the bus."""
        if self._notifier is not None:
            self._notifier.receive(event)
        elif self._started and self._concerns(event):
            self._open()

    def start(self) -> None:
        """Begin to tell, with what an earlier server left to be told."""
        self._started = True
        scripts = self._parts.state.scripts.values()
        left = self.store.next_due() is not None or self.store.ends(1)
        if left or any(wants(each.script) for each in scripts):
            self._open()

    async def stop(self) -> None:
        """Notice nothing more, and let a delivery that is under way come to its end."""
        self._started = False
        if self._notifier is not None:
            await self._notifier.stop()

    async def test(self, script: Script | None, target: str | None) -> Sequence[Tried]:
        """Send a test to one target, or to all of a script's; returns how each went.

        Raises InvalidInput when that is nobody.
        """
        return await (self._notifier or self._open()).test(script, target)

    def _concerns(self, event: Event) -> bool:
        """Say whether an event is about a script of which somebody is to be told."""
        script_of = self._parts.state.script
        match event:
            case RunChanged(run=run):
                return wants(script_of(run.script))
            case PlanApplied(plan=plan):
                return any(wants(script_of(action.id)) for action in plan.actions)
            case _:
                return False

    def _open(self) -> "Notifier":
        """Begin with all that is in force and on record, so that no event has to be repeated."""
        from engine.service.notifier import Notifier

        notifier = Notifier(self._parts, self._settings, self._files, self._secrecy)
        notifier.start()
        # Only now: one that could not begin, such as on a disk in trouble, would never tell.
        self._notifier = notifier
        return notifier


def open_outbox(server: "Composition", alarm: SharedAlarm) -> Outbox:
    """Return the outbox of a server that is being put together."""
    parts = NotifyParts(
        clock=server.clock,
        state=server.state,
        runs=server.runs,
        store=server.stores.notifications,
        alarm=alarm,
        tasks=server.tasks,
    )
    secrecy = Secrecy(reveal=partial(fill, server.secrets), redact=server.secrets.redact)
    outbox = Outbox(parts, server.settings, server.files, secrecy)
    server.bus.subscribe(outbox.receive)
    return outbox
