"""Secrets in SQLite, each value sealed before it comes here and opened by nobody here."""

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from engine.errors import NameTaken, NotFound, OtherKey
from engine.model.secret import SealedSecret, Secret
from engine.store.database import Database
from engine.store.moments import moment, moment_or_none, stored, stored_or_none

_TOLD = "name, scripts, description, created, created_by, updated, updated_by, last_used"
_ALL = f"SELECT {_TOLD} FROM secrets ORDER BY name"  # noqa: S608
_SEALED = f"SELECT key_id, sealed, {_TOLD} FROM secrets"  # noqa: S608
_KEY = "SELECT key_id FROM secrets LIMIT 1"
_THERE = "SELECT 1 FROM secrets WHERE name = ?"
_PUT = f"INSERT OR REPLACE INTO secrets (key_id, sealed, {_TOLD}) VALUES ({', '.join('?' * 10)})"  # noqa: S608
_DESCRIBE = (
    "UPDATE secrets SET scripts = ?, description = ?, updated = ?, updated_by = ? WHERE name = ?"
)
_DELETE = "DELETE FROM secrets WHERE name = ?"
_USED = "UPDATE secrets SET last_used = max(coalesce(last_used, 0), ?) WHERE name = ?"


class SqliteSecretStore:
    """Implements ports.SecretStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[Secret]:
        rows = self._database.read(lambda connection: connection.execute(_ALL).fetchall())
        return [_secret(row) for row in rows]

    def find(self, names: Collection[str]) -> Sequence[SealedSecret]:
        wanted = tuple(names)
        question = f"{_SEALED} WHERE name IN ({', '.join('?' * len(wanted))})"
        rows = self._database.read(
            lambda connection: connection.execute(question, wanted).fetchall()
        )
        return [_sealed(row) for row in rows]

    def key_id(self) -> str | None:
        return self._database.read(_key_id)

    async def put(self, sealed: SealedSecret, *, new: bool) -> None:
        name = sealed.secret.name

        def write(connection: sqlite3.Connection) -> None:
            there = connection.execute(_THERE, (name,)).fetchone() is not None
            if there and new:
                raise NameTaken(
                    f"there is a secret {name} already; give it another value with "
                    f"`pysched secret add --replace {name}`, or choose another name"
                )
            if not there and not new:
                raise _not_found(name)
            key_id = _key_id(connection)
            if key_id is not None and key_id != sealed.key_id:
                raise OtherKey(f"the secrets were sealed with another key (id {key_id}) meanwhile")
            connection.execute(_PUT, _row(sealed))

        await self._database.write(write, durable=True)

    async def describe(self, secret: Secret) -> None:
        def write(connection: sqlite3.Connection) -> None:
            values = (
                json.dumps(secret.scripts),
                secret.description,
                stored(secret.updated),
                secret.updated_by,
                secret.name,
            )
            if not connection.execute(_DESCRIBE, values).rowcount:
                raise _not_found(secret.name)

        await self._database.write(write, durable=True)

    async def remove(self, name: str) -> None:
        def write(connection: sqlite3.Connection) -> None:
            if not connection.execute(_DELETE, (name,)).rowcount:
                raise _not_found(name)

        await self._database.write(write, durable=True)

    async def used(self, names: Collection[str], at: datetime) -> None:
        values = [(stored(at), name) for name in names]
        await self._database.write(
            lambda connection: connection.executemany(_USED, values) and None,
            durable=False,
            small=True,
        )

    async def reseal(self, again: Callable[[SealedSecret], SealedSecret]) -> int:
        def write(connection: sqlite3.Connection) -> int:
            before = [_sealed(row) for row in connection.execute(_SEALED).fetchall()]
            connection.executemany(_PUT, [_row(again(each)) for each in before])
            return len(before)

        return await self._database.write(write, durable=True)


def _not_found(name: str) -> NotFound:
    return NotFound(f"there is no secret {name!r}")


def _key_id(connection: sqlite3.Connection) -> str | None:
    row = connection.execute(_KEY).fetchone()
    return None if row is None else row[0]


def _row(sealed: SealedSecret) -> tuple[Any, ...]:
    secret = sealed.secret
    return (
        sealed.key_id,
        sealed.sealed,
        secret.name,
        json.dumps(secret.scripts),
        secret.description,
        stored(secret.created),
        secret.created_by,
        stored(secret.updated),
        secret.updated_by,
        stored_or_none(secret.last_used),
    )


def _sealed(row: tuple[Any, ...]) -> SealedSecret:
    key_id, sealed, *told = row
    return SealedSecret(secret=_secret(tuple(told)), key_id=key_id, sealed=sealed)


def _secret(row: tuple[Any, ...]) -> Secret:
    name, scripts, description, created, created_by, updated, updated_by, last_used = row
    return Secret(
        name=name,
        scripts=tuple(json.loads(scripts)),
        description=description,
        created=moment(created),
        created_by=created_by,
        updated=moment(updated),
        updated_by=updated_by,
        last_used=moment_or_none(last_used),
    )
