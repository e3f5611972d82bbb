"""API keys in SQLite. There are few, so they are always read together."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from engine.errors import NameTaken, NotFound
from engine.model.account import ApiKey, role_of
from engine.store.database import Database
from engine.store.moments import moment, moment_or_none, stored, stored_or_none

_COLUMNS = "id, name, digest, role, scripts, created, expires, last_used"
_ALL = f"SELECT {_COLUMNS} FROM api_keys ORDER BY name"  # noqa: S608
_INSERT = f"INSERT INTO api_keys ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_TAKEN = "SELECT 1 FROM api_keys WHERE name = ?"
_DELETE = "DELETE FROM api_keys WHERE id = ?"
_USED = "UPDATE api_keys SET last_used = max(coalesce(last_used, 0), ?) WHERE id = ?"


class SqliteKeyStore:
    """Implements ports.KeyStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[ApiKey]:
        rows = self._database.read(lambda connection: connection.execute(_ALL).fetchall())
        return [_key(row) for row in rows]

    async def add(self, key: ApiKey) -> None:
        def write(connection: sqlite3.Connection) -> None:
            if connection.execute(_TAKEN, (key.name,)).fetchone():
                raise NameTaken(
                    f"there is a key named {key.name!r} already; remove it first, or choose "
                    "another name"
                )
            connection.execute(_INSERT, _row(key))

        await self._database.write(write, durable=True)

    async def remove(self, key_id: str) -> None:
        def write(connection: sqlite3.Connection) -> None:
            if not connection.execute(_DELETE, (key_id,)).rowcount:
                raise NotFound(f"there is no key {key_id!r}")

        await self._database.write(write, durable=True)

    async def used(self, key_id: str, at: datetime) -> None:
        values = (stored(at), key_id)
        await self._database.write(
            lambda connection: connection.execute(_USED, values) and None,
            durable=False,
            small=True,
        )


def _row(key: ApiKey) -> tuple[Any, ...]:
    return (
        key.id,
        key.name,
        key.digest,
        key.role.word,
        json.dumps(key.scripts),
        stored(key.created),
        stored_or_none(key.expires),
        stored_or_none(key.last_used),
    )


def _key(row: tuple[Any, ...]) -> ApiKey:
    key_id, name, digest, role, scripts, created, expires, last_used = row
    return ApiKey(
        id=key_id,
        name=name,
        digest=digest,
        role=role_of(role),
        scripts=tuple(json.loads(scripts)),
        created=moment(created),
        expires=moment_or_none(expires),
        last_used=moment_or_none(last_used),
    )
