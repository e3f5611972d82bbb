"""Keep secrets sealed, and give their values to the runs that may have them.

A value is opened at the moment a run starts and kept nowhere: no cache, no log, no
message. Everything is read from the store each time, so what another process adds, grants
or takes away holds from the next start on.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from engine.errors import EngineError, InvalidInput, NotFound, OtherKey
from engine.model.account import script_patterns
from engine.model.secret import (
    SealedSecret,
    Secret,
    check_secret_description,
    check_secret_name,
    check_secret_value,
    why_not,
)
from engine.ports import Clock, SecretStore
from engine.secrets.cipher import seal, unseal
from engine.secrets.key import MasterKey
from engine.secrets.keyring import Keyring
from engine.secrets.redact import all_forms, redact

logger = logging.getLogger(__name__)

NOTED_EVERY = timedelta(minutes=1)
"""How often at most the use of a secret is written down."""

Later = Callable[[Coroutine[Any, Any, None]], object]
"""Has something done in the background."""


class Vault:
    """Implements ports.Secrets."""

    def __init__(self, store: SecretStore, keys: Keyring, clock: Clock, later: Later) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._later = later
        self._noted: dict[str, datetime] = {}
        self.failure: str | None = None
        """Why no secret can be opened or kept; None as long as nothing is known to be wrong."""

    def prepare(self) -> None:
        """See that there is a key, and that it opens what is stored. Blocking; never raises.

        What is wrong is in `failure`: runs without secrets have nothing to do with it.
        """
        try:
            stored = self._store.key_id()
            self._key(stored)
            if stored is not None:
                # Imports what would hold up the first run that needs it.
                seal(bytes(32), "", "")
        except EngineError as error:
            logger.error("secrets cannot be used", extra={"error": str(error)})
            self.failure = str(error)

    def all(self) -> Sequence[Secret]:
        return self._store.all()

    def find(self, name: str) -> Secret:
        return self._find(name).secret

    def _find(self, name: str) -> SealedSecret:
        for found in self._store.find((name,)):
            return found
        raise NotFound(f"there is no secret {name!r}")

    async def add(
        self,
        name: str,
        value: str,
        *,
        scripts: Iterable[str] = (),
        description: str = "",
        by: str,
    ) -> Secret:
        now = self._clock.now()
        secret = Secret(
            name=check_secret_name(name),
            scripts=script_patterns(scripts),
            description=check_secret_description(description),
            created=now,
            created_by=by,
            updated=now,
            updated_by=by,
        )
        await self._put(secret, check_secret_value(value), new=True)
        return secret

    async def change(
        self,
        name: str,
        *,
        value: str | None = None,
        scripts: Iterable[str] | None = None,
        description: str | None = None,
        by: str,
    ) -> Secret:
        before = self.find(name)
        secret = replace(
            before,
            scripts=before.scripts if scripts is None else script_patterns(scripts),
            description=before.description
            if description is None
            else check_secret_description(description),
            updated=self._clock.now(),
            updated_by=by,
        )
        if value is None:
            await self._store.describe(secret)
        else:
            await self._put(secret, check_secret_value(value), new=False)
        return secret

    async def _put(self, secret: Secret, value: str, *, new: bool) -> None:
        try:
            await self._seal_and_put(secret, value, new=new)
        except OtherKey:
            # It was exchanged between the look and the write.
            await self._seal_and_put(secret, value, new=new)

    async def _seal_and_put(self, secret: Secret, value: str, *, new: bool) -> None:
        sealed = await asyncio.to_thread(self._sealed, secret, value)
        await self._store.put(sealed, new=new)

    def _sealed(self, secret: Secret, value: str) -> SealedSecret:
        key = self._key(self._store.key_id())
        return SealedSecret(
            secret=secret, key_id=key.id, sealed=seal(key.secret, secret.name, value)
        )

    async def remove(self, name: str) -> None:
        await self._store.remove(name)

    def reveal(self, script: str, names: Collection[str]) -> Mapping[str, str]:
        found = {each.secret.name: each for each in self._store.find(names)}
        for name in names:
            each = found.get(name)
            reason = why_not(script, name, each.secret if each else None)
            if reason:
                raise InvalidInput(reason)
        values = {name: self._value(each) for name, each in found.items()}
        self._note([each.secret for each in found.values()])
        return values

    def mask(self, values: Collection[str]) -> Sequence[str]:
        return all_forms(values)

    def redact(self, text: str) -> str:
        """Hide every secret that is kept in text that goes to people.

        Where the key is missing no run had any of them since, and its output is masked.
        """
        names = [secret.name for secret in self._store.all()]
        try:
            return redact(text, [self._value(each) for each in self._store.find(names)])
        except EngineError as error:
            logger.warning("secrets cannot be looked for", extra={"error": str(error)})
            return text

    def _value(self, sealed: SealedSecret) -> str:
        return unseal(self._key(sealed.key_id).secret, sealed.secret.name, sealed.sealed)

    def wants_key(self) -> bool:
        """Say whether `rotate` needs the text of the new key."""
        return self._keys.wants_text(self._store.key_id())

    async def rotate(self, text: str | None = None) -> int:
        """Seal everything with a new key and return how many secrets there are.

        The file's new key is made here; `text` is the one that PYSCHED_SECRET_KEY is going
        to have. Stopped at any point, everything can still be opened. Raises InvalidInput,
        Refused and UnusableSecretKey.
        """
        with self._keys.file.alone():
            stored = self._store.key_id()
            # Brings a rotation that stopped to its end.
            opening = self._keys.at_hand(stored) if stored is not None else None
            new = self._keys.replacement(stored, text)
            target = new or self._keys.file.stage()
            count = await self._store.reseal(partial(_resealed, opening=opening, target=target))
            if new is None:
                self._keys.file.promote()
            return count

    def _key(self, stored: str | None) -> MasterKey:
        try:
            key = self._keys.sealing(stored)
        except EngineError as error:
            self.failure = str(error)
            raise
        self.failure = None
        return key

    def _note(self, used: Sequence[Secret]) -> None:
        now = self._clock.now()
        due = [
            secret.name
            for secret in used
            if not _recent(secret.last_used, now) and not _recent(self._noted.get(secret.name), now)
        ]
        if due:
            self._noted.update(dict.fromkeys(due, now))
            self._later(self._write_use(due, now))

    async def _write_use(self, names: Sequence[str], at: datetime) -> None:
        try:
            await self._store.used(names, at)
        except EngineError as error:
            # A full disk is no reason to keep a run from its secrets.
            logger.warning("the use of secrets cannot be noted", extra={"error": str(error)})


def _resealed(
    before: SealedSecret, *, opening: MasterKey | None, target: MasterKey
) -> SealedSecret:
    if opening is None or opening.id != before.key_id:
        raise OtherKey("secrets were added or sealed anew meanwhile; rotate the key once more")
    name = before.secret.name
    value = unseal(opening.secret, name, before.sealed)
    return replace(before, key_id=target.id, sealed=seal(target.secret, name, value))


def _recent(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and now - moment < NOTED_EVERY
