"""Who may do what: the person or program that asks, and the check of a key.

A permission is decided on the route and its parsed parameters, never on the text
of the URL, and every route states the role it needs.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from engine.errors import EngineError
from engine.model.account import ApiKey, Role, covers, digest_of
from engine.ports import Clock, KeyStore

__all__ = ["Keys", "Principal", "Role", "StoredKeys", "Via"]

logger = logging.getLogger(__name__)

REREAD_SECONDS = 2.0
"""After which a key that `pysched key remove` took away opens nothing any more."""
SOON_SECONDS = 0.2
"""How often at most a key that is not known has the keys read again."""
NOTED_EVERY = timedelta(minutes=1)
"""How often at most the use of a key is written down."""


class Via(StrEnum):
    """How somebody showed who he is."""

    KEY = "key"
    SESSION = "session"
    """A cookie, which a browser adds to whatever any page makes it send."""
    PASSWORD = "password"  # noqa: S105
    """HTTP Basic, which a browser adds likewise once its user typed it in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks."""

    name: str
    """Shown where a run says who asked for it."""
    role: Role
    scripts: tuple[str, ...] = ()
    """Patterns of the scripts it is about; empty means all, and all else."""
    via: Via = Via.KEY
    account: str | None = None
    """Name of the user, None for a key."""
    session: str | None = None
    """Id of the session that the cookie opened."""

    @property
    def kind(self) -> str:
        """`user` or `key`, as the audit log has it."""
        return "key" if self.account is None else "user"

    def may(self, role: Role) -> bool:
        return self.role >= role

    def may_see(self, script: str) -> bool:
        return covers(self.scripts, script)


class StoredKeys:
    """The keys of a data directory, held in memory: a request costs one look into a dict.

    Other processes add and remove keys, so they are read again now and then, but only
    when somebody asks: an idle server does nothing for them.
    """

    def __init__(self, store: KeyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._by_digest: dict[bytes, ApiKey] = {}
        self._read_at: float | None = None

    async def principal(self, digest: bytes) -> Principal | None:
        """Return who has the secret of that hash, None when no valid key has it."""
        now = self._clock.now()
        key = self._known(digest)
        if key is None or not key.valid_at(now):
            return None
        if key.last_used is None or now - key.last_used >= NOTED_EVERY:
            # First, so that requests that come meanwhile do not note it as well.
            self._by_digest[digest] = replace(key, last_used=now)
            try:
                await self._store.used(key.id, now)
            except EngineError as error:
                # A full disk is no reason to keep a key's holder out.
                logger.warning("the use of a key cannot be noted", extra={"error": str(error)})
        return Principal(name=key.name, role=key.role, scripts=key.scripts)

    def read_again(self) -> None:
        """Know of changes at the next request."""
        self._read_at = None

    def _known(self, digest: bytes) -> ApiKey | None:
        at = self._clock.monotonic()
        age = None if self._read_at is None else at - self._read_at
        allowed = REREAD_SECONDS if digest in self._by_digest else SOON_SECONDS
        if age is None or age >= allowed:
            self._by_digest = {key.digest: key for key in self._store.all()}
            self._read_at = at
        return self._by_digest.get(digest)


class Keys:
    """The API keys that open the door, each with the principal behind it."""

    def __init__(self, fixed: Mapping[str, Principal], stored: StoredKeys | None = None) -> None:
        self._fixed = {digest_of(key.encode()): owner for key, owner in fixed.items() if key}
        self._stored = stored

    async def principal(self, presented: bytes) -> Principal | None:
        """Return who has this key, None if nobody.

        How long it takes tells nothing: keys are looked up by a hash that nobody can steer.
        """
        digest = digest_of(presented)
        found = self._fixed.get(digest)
        if found is None and self._stored is not None:
            return await self._stored.principal(digest)
        return found

    def read_again(self) -> None:
        """Know of changed keys at the next request."""
        if self._stored is not None:
            self._stored.read_again()
