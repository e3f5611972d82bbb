"""Sessions and login links in SQLite, found by the hash of their secret.

Those that are over are forgotten when a new one is kept, so that nothing has to wake up
for it and nothing grows while nobody logs in.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from engine.errors import NotFound
from engine.model.session import LoginLink, Session
from engine.model.user import User
from engine.store.database import Database
from engine.store.moments import moment, stored
from engine.store.users import USER_COLUMNS, user_of

_COLUMNS = (
    "sessions.digest, sessions.id, sessions.user, sessions.created, sessions.last_used, "
    "sessions.agent, sessions.address"
)
_WIDTH = _COLUMNS.count(",") + 1
_FIND = (
    f"SELECT {_COLUMNS}, {USER_COLUMNS} FROM sessions "  # noqa: S608
    "JOIN users ON users.name = sessions.user WHERE digest = ?"
)
_OF_USER = f"SELECT {_COLUMNS} FROM sessions WHERE user = ? ORDER BY last_used DESC, id"  # noqa: S608
_INSERT = "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)"
_FORGET = "DELETE FROM sessions WHERE last_used < ? OR created < ?"
_USED = "UPDATE sessions SET last_used = max(last_used, ?) WHERE id = ?"
_END = "DELETE FROM sessions WHERE id = ?"
_END_ALL = "DELETE FROM sessions WHERE user = ? AND id IS NOT ?"
_USER = "SELECT 1 FROM users WHERE name = ?"
_LET_IN = "SELECT 1 FROM users WHERE name = ? AND NOT disabled AND password IS ?"
_INVITE = "INSERT OR REPLACE INTO login_links (user, digest, expires) VALUES (?, ?, ?)"
_INVITED = (
    f"SELECT login_links.expires, {USER_COLUMNS} FROM login_links "  # noqa: S608
    "JOIN users ON users.name = login_links.user WHERE digest = ?"
)
_TAKE_BACK = "DELETE FROM login_links WHERE digest = ?"


class SqliteSessionStore:
    """Implements ports.SessionStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, digest: bytes) -> tuple[Session, User] | None:
        row = self._database.read(lambda one: one.execute(_FIND, (digest,)).fetchone())
        return None if row is None else (_session(row[:_WIDTH]), user_of(row[_WIDTH:]))

    def of_user(self, name: str) -> Sequence[Session]:
        rows = self._database.read(lambda one: one.execute(_OF_USER, (name,)).fetchall())
        return [_session(row) for row in rows]

    async def add(
        self,
        session: Session,
        *,
        password: str | None,
        unused_since: datetime,
        begun_since: datetime,
    ) -> bool:
        def write(connection: sqlite3.Connection) -> bool:
            if not connection.execute(_LET_IN, (session.user, password)).fetchone():
                return False
            connection.execute(_FORGET, (stored(unused_since), stored(begun_since)))
            connection.execute(_INSERT, _row(session))
            return True

        return await self._database.write(write, durable=True)

    async def used(self, session_id: str, at: datetime) -> None:
        values = (stored(at), session_id)
        await self._database.write(
            lambda connection: connection.execute(_USED, values) and None,
            durable=False,
            small=True,
        )

    async def end(self, session_id: str) -> bool:
        return await self._database.write(
            lambda connection: bool(connection.execute(_END, (session_id,)).rowcount), durable=True
        )

    async def end_all(self, user: str, *, but: str | None = None) -> int:
        return await self._database.write(
            lambda connection: connection.execute(_END_ALL, (user, but)).rowcount, durable=True
        )

    async def invite(self, link: LoginLink) -> None:
        def write(connection: sqlite3.Connection) -> None:
            _check_user(connection, link.user)
            connection.execute(_INVITE, (link.user, link.digest, stored(link.expires)))

        await self._database.write(write, durable=True)

    async def redeem(self, digest: bytes, now: datetime) -> User | None:
        def write(connection: sqlite3.Connection) -> User | None:
            row = connection.execute(_INVITED, (digest,)).fetchone()
            if row is None:
                return None
            connection.execute(_TAKE_BACK, (digest,))
            user = user_of(row[1:])
            return user if now < moment(row[0]) and not user.disabled else None

        return await self._database.write(write, durable=True)


def _check_user(connection: sqlite3.Connection, name: str) -> None:
    if not connection.execute(_USER, (name,)).fetchone():
        raise NotFound(f"there is no user {name!r}")


def _row(session: Session) -> tuple[Any, ...]:
    return (
        session.digest,
        session.id,
        session.user,
        stored(session.created),
        stored(session.last_used),
        session.agent,
        session.address,
    )


def _session(row: tuple[Any, ...]) -> Session:
    digest, session_id, user, created, last_used, agent, address = row
    return Session(
        digest=digest,
        id=session_id,
        user=user,
        created=moment(created),
        last_used=moment(last_used),
        agent=agent,
        address=address,
    )
