"""Users from the command line: on the data directory, whether or not a server uses it."""

import secrets
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from engine.errors import NotFound
from engine.model.account import role_of
from engine.model.session import SECRET_BYTES, LoginLink, issue_link
from engine.model.user import User, check_name, check_password, new_user, with_changes
from engine.service.clock import SystemClock
from engine.service.data import MAIN_DATABASE
from engine.service.passwords import Passwords
from engine.store.database import Database
from engine.store.sessions import SqliteSessionStore
from engine.store.users import SqliteUserStore
from schemas.settings import Settings


def users(settings: Settings) -> Sequence[User]:
    """Return the users by name; a data directory that is not there yet has none."""
    if not (settings.paths.data / MAIN_DATABASE).exists():
        return ()
    with _opened(settings) as database:
        return SqliteUserStore(database).all()


async def add_user(settings: Settings, *, name: str, role: str, password: str | None) -> User:
    """Make an account; without a password a login link opens it alone.

    Raises InvalidInput and NameTaken.
    """
    user = new_user(
        name=name,
        role=role_of(role),
        password=None if password is None else await _hashed(password, check_name(name)),
        now=SystemClock().now(),
    )
    with _opened(settings) as database:
        await SqliteUserStore(database).add(user)
    return user


async def change_user(
    settings: Settings,
    name: str,
    *,
    role: str | None = None,
    password: str | None = None,
    disabled: bool | None = None,
) -> User:
    """Change an account, which ends its sessions. Raises InvalidInput, NotFound and LastAdmin."""
    _look(settings, name)
    wanted = None if role is None else role_of(role)
    hashed = None if password is None else await _hashed(password, name)
    with _opened(settings) as database:
        return await SqliteUserStore(database).change(
            name,
            lambda user: with_changes(user, role=wanted, password=hashed, disabled=disabled),
        )


async def remove_user(settings: Settings, name: str) -> User:
    """Remove an account and all that lets it in; returns it. Raises NotFound and LastAdmin."""
    found = _look(settings, name)
    with _opened(settings) as database:
        await SqliteUserStore(database).remove(name)
    return found


async def make_link(settings: Settings, name: str) -> tuple[LoginLink, str]:
    """Make a link that logs a user in once; returns it with its secret. Raises NotFound."""
    user = _look(settings, name)
    link, secret = issue_link(
        user=user.name, now=SystemClock().now(), randomness=secrets.token_bytes(SECRET_BYTES)
    )
    with _opened(settings) as database:
        await SqliteSessionStore(database).invite(link)
    return link, secret


def _look(settings: Settings, name: str) -> User:
    """Find a user without making a data directory for it."""
    for user in users(settings):
        if user.name.casefold() == name.casefold():
            return user
    raise NotFound(f"there is no user {name!r}; `pysched user list` shows who there is")


async def _hashed(password: str, name: str) -> str:
    return await Passwords().hash(check_password(password, name))


@contextmanager
def _opened(settings: Settings) -> Generator[Database]:
    settings.paths.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.paths.data / MAIN_DATABASE)
    try:
        yield database
    finally:
        database.close()
