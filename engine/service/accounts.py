"""API keys from the command line: on the data directory, whether or not a server uses it."""

import secrets
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import timedelta

from engine.errors import NotFound
from engine.model.account import SECRET_BYTES, ApiKey, issue_key, role_of
from engine.service.clock import SystemClock
from engine.service.data import MAIN_DATABASE
from engine.store.database import Database
from engine.store.keys import SqliteKeyStore
from schemas.settings import Settings


def keys(settings: Settings) -> Sequence[ApiKey]:
    """Return the keys by name; a data directory that is not there yet has none."""
    if not (settings.paths.data / MAIN_DATABASE).exists():
        return ()
    with _opened(settings) as store:
        return store.all()


async def add_key(
    settings: Settings,
    *,
    name: str,
    role: str,
    scripts: Iterable[str] = (),
    lasts: timedelta | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; returns it with its secret. Raises InvalidInput and NameTaken."""
    now = SystemClock().now()
    key, secret = issue_key(
        name=name,
        role=role_of(role),
        scripts=scripts,
        expires=None if lasts is None else now + lasts,
        now=now,
        randomness=secrets.token_bytes(SECRET_BYTES),
    )
    with _opened(settings) as store:
        await store.add(key)
    return key, secret


async def remove_key(settings: Settings, name_or_id: str) -> ApiKey:
    """Remove a key, a name being taken for one before an id is; returns it. Raises NotFound."""
    found = keys(settings)
    named = [key for key in found if key.name == name_or_id]
    wanted = named or [key for key in found if key.id == name_or_id]
    if not wanted:
        raise NotFound(f"there is no key {name_or_id!r}; `pysched key list` shows what there is")
    with _opened(settings) as store:
        await store.remove(wanted[0].id)
    return wanted[0]


@contextmanager
def _opened(settings: Settings) -> Generator[SqliteKeyStore]:
    settings.paths.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.paths.data / MAIN_DATABASE)
    try:
        yield SqliteKeyStore(database)
    finally:
        database.close()
