"""The audit log in SQLite: rows are added, read by page, and removed when they are old."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from engine.model.audit import AuditEntry, AuditFilter
from engine.ports import Page
from engine.store.cursors import cursor, placed_number
from engine.store.database import Database
from engine.store.moments import moment, stored

FEW = 8
"""Entries that are written in well below a millisecond."""
SLICE = 500
"""Rows a transaction, when old ones are removed."""

_READ = "at, who, kind, address, action, parameters, status, code, request_id, count"
_INSERT = f"""INSERT INTO audit ({_READ}, script, gathered)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(?, (SELECT script FROM runs WHERE id = ?)), ?)
"""  # noqa: S608
_DELETE_OLD = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? LIMIT ?)"
_DELETE_MANY = """DELETE FROM audit WHERE id IN (
    SELECT id FROM audit WHERE gathered = 1 AND id <= coalesce(
        (SELECT id FROM audit WHERE gathered = 1 ORDER BY id DESC LIMIT 1 OFFSET ?), -1)
    LIMIT ?)"""


class SqliteAuditStore:
    """Implements ports.AuditStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, entries: Sequence[AuditEntry]) -> None:
        rows = [_row(entry) for entry in entries]
        await self._database.write(
            lambda connection: connection.executemany(_INSERT, rows) and None,
            durable=False,
            haste=False,
            small=len(rows) <= FEW,
        )

    def page(
        self, which: AuditFilter, *, limit: int, cursor: str | None = None
    ) -> Page[AuditEntry]:
        conditions = list(_conditions(which))
        if cursor is not None:
            conditions.append(("(at, id) < (?, ?)", placed_number("audit", cursor)))
        where = " AND ".join(text for text, _ in conditions) or "1"
        values = [value for _, some in conditions for value in some]
        statement = f"SELECT id, {_READ} FROM audit WHERE {where} ORDER BY at DESC, id DESC LIMIT ?"  # noqa: S608
        rows = self._database.read(
            lambda connection: connection.execute(statement, (*values, limit + 1)).fetchall()
        )
        more = _cursor(rows[limit - 1]) if len(rows) > limit else None
        return Page(items=[_entry(row) for row in rows[:limit]], next_cursor=more)

    async def prune(self, before: datetime, most_gathered: int) -> int:
        deleted = await self._delete(_DELETE_OLD, stored(before))
        return deleted + await self._delete(_DELETE_MANY, most_gathered)

    async def _delete(self, statement: str, bound: int) -> int:
        deleted = 0
        while True:
            some = await self._database.write(
                lambda connection: connection.execute(statement, (bound, SLICE)).rowcount,
                durable=False,
            )
            deleted += some
            if some < SLICE:
                return deleted


def _conditions(which: AuditFilter) -> Iterator[tuple[str, tuple[Any, ...]]]:
    if which.who is not None:
        yield "who = ?", (which.who,)
    if which.script is not None:
        yield "script = ?", (which.script,)
    if which.action is not None:
        yield "instr(action, ?) > 0", (which.action,)
    if which.since is not None:
        yield "at >= ?", (stored(which.since),)
    if which.until is not None:
        yield "at < ?", (stored(which.until),)


def _cursor(row: tuple[Any, ...]) -> str:
    return cursor("audit", row[1], str(row[0]))


def _row(entry: AuditEntry) -> tuple[Any, ...]:
    return (
        stored(entry.at),
        entry.who,
        entry.kind,
        entry.address,
        entry.action,
        json.dumps(dict(entry.parameters)),
        entry.status,
        entry.code,
        entry.request_id,
        entry.count,
        entry.parameters.get("script_id"),
        entry.parameters.get("run_id"),
        entry.is_gathered,
    )


def _entry(row: tuple[Any, ...]) -> AuditEntry:
    _, at, who, kind, address, action, parameters, status, code, request_id, count = row
    return AuditEntry(
        at=moment(at),
        who=who,
        kind=kind,
        address=address,
        action=action,
        parameters=json.loads(parameters),
        status=status,
        code=code,
        request_id=request_id,
        count=count,
    )
