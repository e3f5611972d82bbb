"""The audit log in memory: what a test's requests left in it, and a store of it."""

from collections.abc import Sequence
from datetime import datetime

from engine.errors import InvalidInput
from engine.model.audit import AuditEntry, AuditFilter
from engine.ports import Page


class FakeAuditStore:
    """An AuditStore; a cursor is the number of entries that were shown."""

    def __init__(self) -> None:
        self.kept: list[AuditEntry] = []
        self.failure: Exception | None = None
        """Raised when something is to be kept."""

    async def add(self, entries: Sequence[AuditEntry]) -> None:
        if self.failure:
            raise self.failure
        self.kept += entries

    def page(
        self, which: AuditFilter, *, limit: int, cursor: str | None = None
    ) -> Page[AuditEntry]:
        if cursor is not None and not cursor.isdecimal():
            raise InvalidInput(f"cursor {cursor!r} is not one of this list")
        oldest_first = sorted(self.kept, key=lambda entry: entry.at)
        found = [entry for entry in reversed(oldest_first) if _matches(entry, which)]
        start = int(cursor or 0)
        end = start + limit
        return Page(items=found[start:end], next_cursor=str(end) if len(found) > end else None)

    async def prune(self, before: datetime, most_gathered: int) -> int:
        if self.failure:
            raise self.failure
        gathered = [entry for entry in self.kept if entry.is_gathered and entry.at >= before]
        too_many = gathered[: max(0, len(gathered) - most_gathered)]
        kept = [entry for entry in self.kept if entry.at >= before and entry not in too_many]
        gone, self.kept = len(self.kept) - len(kept), kept
        return gone


class FakeAudit:
    """The audit log as the web sees it."""

    def __init__(self) -> None:
        self.store = FakeAuditStore()

    @property
    def entries(self) -> list[AuditEntry]:
        return self.store.kept

    def record(self, entry: AuditEntry) -> None:
        self.store.kept.append(entry)

    async def page(
        self, which: AuditFilter, *, limit: int, cursor: str | None = None
    ) -> Page[AuditEntry]:
        return self.store.page(which, limit=limit, cursor=cursor)


def _matches(entry: AuditEntry, which: AuditFilter) -> bool:
    return (
        (which.who is None or entry.who == which.who)
        and (which.action is None or which.action in entry.action)
        and (which.script is None or entry.parameters.get("script_id") == which.script)
        and (which.since is None or entry.at >= which.since)
        and (which.until is None or entry.at < which.until)
    )
