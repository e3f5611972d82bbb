"""Keep account of changes and of denied attempts, without anybody's waiting for it.

Entries are handed to the database's own thread a moment after the answer; what cannot be
written, as on a full disk, is kept in memory up to a bound and tried again with the next
entry. A failure is logged and is no reason to turn a request away.
"""

import asyncio
import getpass
import logging
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from engine.errors import EngineError
from engine.model.audit import AuditEntry, AuditFilter
from engine.ports import AuditStore, Page
from engine.reconcile.tasks import Tasks
from engine.service.clock import SystemClock
from engine.service.data import MAIN_DATABASE
from engine.service.gathering import Gathering
from engine.store.audit import SqliteAuditStore
from engine.store.database import Database
from schemas.settings import Settings

logger = logging.getLogger(__name__)

MOST_WAITING = 5_000
"""Entries in memory that the disk does not take."""
BATCH = 200
MOST_GATHERED = 100_000
"""Rows of denied attempts that are kept: they must not push the changes out."""


class AuditTrail:
    """The audit log of a running engine; use on its event loop."""

    def __init__(self, store: AuditStore, tasks: Tasks) -> None:
        self._store = store
        self._tasks = tasks
        self._gathering = Gathering()
        self._waiting: deque[AuditEntry] = deque(maxlen=MOST_WAITING)
        self._writing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failing = False

    def record(self, entry: AuditEntry) -> None:
        """Take an entry; never fails and never waits."""
        if not entry.is_gathered:
            self._write_soon((entry,))
            return
        loop = asyncio.get_running_loop()
        if self._gathering.take(entry, loop.time()):
            self._write_soon((entry,))
        self._ring_at_the_end(loop)

    async def page(
        self, which: AuditFilter, *, limit: int, cursor: str | None = None
    ) -> Page[AuditEntry]:
        """Return a page of entries, newest first. Raises InvalidInput for a foreign cursor."""
        return await asyncio.to_thread(self._store.page, which, limit=limit, cursor=cursor)

    async def prune(self, keep: timedelta, now: datetime) -> None:
        """Remove entries that are older than `keep`; on a full disk they wait for the next time."""
        try:
            await self._store.prune(now - keep, MOST_GATHERED)
        except EngineError as error:
            logger.warning("old audit entries cannot be removed", extra={"error": str(error)})

    def close(self) -> None:
        """Hand over all that was counted; what is under way is the tasks' to settle."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._write_soon(self._gathering.ended(float("inf")))

    def _ring_at_the_end(self, loop: asyncio.AbstractEventLoop) -> None:
        end = self._gathering.next_end
        if self._timer is None and end is not None:
            self._timer = loop.call_at(end, self._minute_over)

    def _minute_over(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        self._write_soon(self._gathering.ended(loop.time()))
        self._ring_at_the_end(loop)

    def _write_soon(self, entries: Sequence[AuditEntry]) -> None:
        self._waiting.extend(entries)
        if self._waiting and (self._writing is None or self._writing.done()):
            self._writing = self._tasks.spawn(self._write())

    async def _write(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                await self._store.add(batch)
            except EngineError as error:
                self._keep(batch, error)
                return
            self._failing = False

    def _keep(self, batch: Sequence[AuditEntry], error: EngineError) -> None:
        room = MOST_WAITING - len(self._waiting)
        self._waiting.extendleft(reversed(batch[-room:] if room else ()))
        if not self._failing:
            self._failing = True
            logger.error(
                "the audit log cannot be written; entries wait in memory for the next try",
                extra={"error": str(error), "waiting": len(self._waiting)},
            )


async def record(settings: Settings, action: str, **parameters: str) -> None:
    """Keep account of a change that a command made on the data directory.

    `action` is such as `pysched key add`, `parameters` names and ids alone. Raises
    Unavailable when it cannot be written.
    """
    entry = AuditEntry(
        at=SystemClock().now(), who=account(), kind="cli", action=action, parameters=parameters
    )
    database = Database(settings.paths.data / MAIN_DATABASE)
    try:
        await SqliteAuditStore(database).add([entry])
    finally:
        database.close()


def account() -> str:
    """Return who is logged in on this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # An account without a name, as in some containers.
        return "unknown"
