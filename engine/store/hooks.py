"""Hooks in SQLite. One that is looked for is found by the index of its hash."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from engine.errors import NotFound
from engine.model.hook import Hook
from engine.store.database import Database
from engine.store.moments import moment, stored

_ALL = "SELECT script, digest, created FROM hooks ORDER BY script"
_FIND = "SELECT script, digest, created FROM hooks WHERE digest = ?"
_PUT = "INSERT OR REPLACE INTO hooks (script, digest, created) VALUES (?, ?, ?)"
_DELETE = "DELETE FROM hooks WHERE script = ?"


class SqliteHookStore:
    """Implements ports.HookStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[Hook]:
        rows = self._database.read(lambda connection: connection.execute(_ALL).fetchall())
        return [_hook(row) for row in rows]

    def find(self, digest: bytes) -> Hook | None:
        row = self._database.read(
            lambda connection: connection.execute(_FIND, (digest,)).fetchone()
        )
        return _hook(row) if row else None

    async def put(self, hook: Hook) -> None:
        values = (hook.script, hook.digest, stored(hook.created))
        await self._database.write(
            lambda connection: connection.execute(_PUT, values) and None, durable=True
        )

    async def remove(self, script: str) -> None:
        def write(connection: sqlite3.Connection) -> None:
            if not connection.execute(_DELETE, (script,)).rowcount:
                raise NotFound(f"{script} has no hook")

        await self._database.write(write, durable=True)


def _hook(row: tuple[Any, ...]) -> Hook:
    script, digest, created = row
    return Hook(script=script, digest=digest, created=moment(created))
