"""Secrets without a server: from the command line, and for a run in the foreground.

All of it works on the data directory, whether or not a server uses it: a server reads
what is stored at each start of a run.
"""

from collections.abc import Collection, Coroutine, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from engine.errors import InvalidInput
from engine.model.identity import ScriptId
from engine.model.secret import Secret
from engine.ports import Clock, SecretSource, SecretStore
from engine.secrets.keyfile import KeyFile
from engine.secrets.keyring import Keyring
from engine.secrets.redact import all_forms
from engine.secrets.vault import Later, Vault
from engine.service.clock import SystemClock
from engine.service.data import MAIN_DATABASE
from engine.spec.references import expand, secrets_in
from engine.store.database import Database
from engine.store.secrets import SqliteSecretStore
from schemas.settings import Settings


def vault_of(settings: Settings, store: SecretStore, clock: Clock, later: Later) -> Vault:
    """Return the vault over a store, with the key that these settings say."""
    given = settings.secret_key.get_secret_value() if settings.secret_key else None
    return Vault(store, Keyring(KeyFile(settings.paths.data), given), clock, later)


def secrets(settings: Settings) -> Sequence[Secret]:
    """Return what is told of every secret, by name."""
    if not (settings.paths.data / MAIN_DATABASE).exists():
        return ()
    with _opened(settings) as vault:
        return vault.all()


async def add_secret(
    settings: Settings,
    name: str,
    value: str,
    *,
    scripts: Iterable[str] = (),
    description: str = "",
    by: str,
) -> Secret:
    """Keep a new secret. Raises InvalidInput, NameTaken and UnusableSecretKey."""
    with _opened(settings) as vault:
        return await vault.add(name, value, scripts=scripts, description=description, by=by)


async def replace_secret(
    settings: Settings,
    name: str,
    value: str,
    *,
    scripts: Iterable[str] | None,
    description: str | None,
    by: str,
) -> Secret:
    """Give a secret another value; what else is None stays. One that is not there is added."""
    with _opened(settings) as vault:
        if not any(each.name == name for each in vault.all()):
            return await vault.add(
                name, value, scripts=scripts or (), description=description or "", by=by
            )
        return await vault.change(
            name, value=value, scripts=scripts, description=description, by=by
        )


async def grant_secret(
    settings: Settings, name: str, patterns: Iterable[str], *, only: bool, by: str
) -> Secret:
    """Let more scripts have a secret, or `only` these; no pattern means all. Raises NotFound."""
    with _opened(settings) as vault:
        before = vault.find(name)
        wanted = tuple(patterns)
        if wanted and not only:
            if not before.scripts:
                return before
            wanted = (*before.scripts, *wanted)
        return await vault.change(name, scripts=wanted, by=by)


async def remove_secret(settings: Settings, name: str) -> None:
    """Forget a secret. Raises NotFound."""
    with _opened(settings) as vault:
        await vault.remove(name)


def wants_key(settings: Settings) -> bool:
    """Say whether a rotation needs to be told the new key. Raises UnusableSecretKey."""
    if settings.secret_key is None:
        return False
    with _opened(settings) as vault:
        return vault.wants_key()


async def rotate_key(settings: Settings, text: str | None) -> int:
    """Seal every secret with a new key; see `Vault.rotate`."""
    with _opened(settings) as vault:
        return await vault.rotate(text)


@contextmanager
def _opened(settings: Settings) -> Generator[Vault]:
    settings.paths.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.paths.data / MAIN_DATABASE)
    try:
        yield vault_of(settings, SqliteSecretStore(database), SystemClock(), _never)
    finally:
        database.close()


def _never(note: Coroutine[Any, Any, None]) -> None:
    """Let go of a note: nothing here reveals a secret."""
    note.close()


def fill(secrets: SecretSource, script: ScriptId | None, target: str) -> str:
    """Put the secrets of a script into a target of its notifications.

    Raises InvalidInput for one that the script may not have, and UnusableSecretKey.
    """
    names = secrets_in((target,))
    if not names:
        return expand(target, {}, where="notify")
    if script is None:
        raise InvalidInput("a target with a secret belongs to a script that may have it; name one")
    return expand(target, secrets.reveal(script, names), where="notify")


class OfflineSecrets:
    """What a run in the foreground may have; the database is opened when a script asks for it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database: Database | None = None
        self._notes: list[Coroutine[Any, Any, None]] = []

    def reveal(self, script: str, names: Collection[str]) -> Mapping[str, str]:
        self._settings.paths.data.mkdir(parents=True, exist_ok=True)
        if self._database is None:
            self._database = Database(self._settings.paths.data / MAIN_DATABASE)
        store = SqliteSecretStore(self._database)
        vault = vault_of(self._settings, store, SystemClock(), self._notes.append)
        return vault.reveal(script, names)

    def mask(self, values: Collection[str]) -> Sequence[str]:
        return all_forms(values)

    async def close(self) -> None:
        """Write down what was used, and close the database."""
        for note in self._notes:
            await note
        if self._database is not None:
            self._database.close()
