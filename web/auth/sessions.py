"""The sessions that are open, held in memory: a request costs one look into a dict.

Other processes end sessions and change users, so what is known is read again after a while,
but only when somebody asks, and only what was asked for: one row.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from engine.errors import EngineError
from engine.model.account import digest_of
from engine.model.session import Lifetime, Session
from engine.model.user import User
from engine.ports import Clock
from web.permissions import REREAD_SECONDS, Principal, Via
from web.service import Service

logger = logging.getLogger(__name__)

MOST_KNOWN = 4_096


@dataclass(slots=True)
class _Known:
    session: Session
    user: User
    read_at: float


class OpenSessions:
    """The sessions of a server; `lifetime` says when they are over."""

    def __init__(self, engine: Service, clock: Clock, lifetime: Lifetime) -> None:
        self._engine = engine
        self._clock = clock
        self.lifetime = lifetime
        self._known: dict[bytes, _Known] = {}

    async def principal(self, secret: str, *, used: bool = True) -> Principal | None:
        """Return whose session has that secret, None when no valid one has it.

        It counts as a use of the session, which keeps it open, unless `used` says otherwise.
        """
        known = self._find(digest_of(secret.encode()))
        now = self._clock.now()
        if known is None or known.user.disabled or self.lifetime.ends(known.session) <= now:
            return None
        if used and self.lifetime.is_to_note(known.session, now):
            await self._note(known, now)
        user = known.user
        return Principal(
            name=user.name,
            role=user.role,
            via=Via.SESSION,
            account=user.name,
            session=known.session.id,
        )

    async def _note(self, known: _Known, now: datetime) -> None:
        # First, so that requests that come meanwhile do not note it as well.
        known.session = replace(known.session, last_used=now)
        try:
            await self._engine.sessions.used(known.session.id, now)
        except EngineError as error:
            # A full disk is no reason to keep a user out.
            logger.warning("the use of a session cannot be noted", extra={"error": str(error)})

    def read_again(self) -> None:
        """Know of changes at the next request."""
        self._known.clear()

    def _find(self, digest: bytes) -> _Known | None:
        at = self._clock.monotonic()
        known = self._known.get(digest)
        if known is not None and at - known.read_at < REREAD_SECONDS:
            return known
        self._known.pop(digest, None)
        found = self._engine.sessions.find(digest)
        if found is None:
            return None
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[digest] = _Known(*found, at)
        return self._known[digest]
