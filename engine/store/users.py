"""Accounts of people in SQLite. There are few, so rules about all of them read them all."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from engine.errors import NameTaken, NotFound
from engine.model.account import role_of
from engine.model.user import Theme, User, ends_sessions, keep_an_admin
from engine.store.database import Database
from engine.store.moments import moment, moment_or_none, stored, stored_or_none

USER_COLUMNS = (
    "users.name, users.role, users.password, users.theme, users.timezone, users.created, "
    "users.last_login, users.disabled"
)
_SELECT = f"SELECT {USER_COLUMNS} FROM users"  # noqa: S608
_ALL = f"{_SELECT} ORDER BY name"
_ONE = f"{_SELECT} WHERE name = ?"
_INSERT = "INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE = (
    "UPDATE users SET role = ?, password = ?, theme = ?, timezone = ?, disabled = ? WHERE name = ?"
)
_DELETE = "DELETE FROM users WHERE name = ?"
_LOGGED_IN = "UPDATE users SET last_login = ? WHERE name = ?"
_END_SESSIONS = "DELETE FROM sessions WHERE user = ? AND id IS NOT ?"
_TAKE_LINK_BACK = "DELETE FROM login_links WHERE user = ?"


class SqliteUserStore:
    """Implements ports.UserStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[User]:
        return self._database.read(_all)

    def get(self, name: str) -> User | None:
        return self._database.read(lambda connection: _one(connection, name))

    async def add(self, user: User) -> None:
        def write(connection: sqlite3.Connection) -> None:
            taken = _one(connection, user.name)
            if taken:
                raise NameTaken(f"there is a user named {taken.name!r} already")
            connection.execute(_INSERT, _row(user))

        await self._database.write(write, durable=True)

    async def add_first(self, user: User) -> bool:
        def write(connection: sqlite3.Connection) -> bool:
            if connection.execute("SELECT 1 FROM users LIMIT 1").fetchone():
                return False
            connection.execute(_INSERT, _row(user))
            return True

        return await self._database.write(write, durable=True)

    async def change(
        self, name: str, change: Callable[[User], User], *, keep_session: str | None = None
    ) -> User:
        def write(connection: sqlite3.Connection) -> User:
            before = _existing(connection, name)
            after = change(before)
            keep_an_admin(_all(connection), name, after)
            values = (after.role.word, after.password, after.theme.value, after.timezone)
            connection.execute(_UPDATE, (*values, after.disabled, name))
            if ends_sessions(before, after):
                connection.execute(_END_SESSIONS, (name, keep_session))
                connection.execute(_TAKE_LINK_BACK, (name,))
            return after

        return await self._database.write(write, durable=True)

    async def remove(self, name: str) -> None:
        def write(connection: sqlite3.Connection) -> None:
            _existing(connection, name)
            keep_an_admin(_all(connection), name, None)
            connection.execute(_DELETE, (name,))

        await self._database.write(write, durable=True)

    async def logged_in(self, name: str, at: datetime) -> None:
        values = (stored(at), name)
        await self._database.write(
            lambda connection: connection.execute(_LOGGED_IN, values) and None,
            durable=False,
            small=True,
        )


def user_of(row: tuple[Any, ...]) -> User:
    """Make a user of a row of USER_COLUMNS."""
    name, role, password, theme, timezone, created, last_login, disabled = row
    return User(
        name=name,
        role=role_of(role),
        password=password,
        theme=Theme(theme),
        timezone=timezone,
        created=moment(created),
        last_login=moment_or_none(last_login),
        disabled=bool(disabled),
    )


def _all(connection: sqlite3.Connection) -> Sequence[User]:
    return [user_of(row) for row in connection.execute(_ALL).fetchall()]


def _one(connection: sqlite3.Connection, name: str) -> User | None:
    row = connection.execute(_ONE, (name,)).fetchone()
    return None if row is None else user_of(row)


def _existing(connection: sqlite3.Connection, name: str) -> User:
    found = _one(connection, name)
    if found is None:
        raise NotFound(f"there is no user {name!r}")
    return found


def _row(user: User) -> tuple[Any, ...]:
    return (
        user.name,
        user.role.word,
        user.password,
        user.theme.value,
        user.timezone,
        stored(user.created),
        stored_or_none(user.last_login),
        user.disabled,
    )
