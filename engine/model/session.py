"""What lets a person in without a password each time: sessions, and login links used once.

Both are secrets of 256 random bits of which only the hash is kept, as of API keys.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.model.account import digest_of

SECRET_BYTES = 32
ID_BYTES = 6
LINK_LASTS = timedelta(days=1)
LONGEST_AGENT = 300
NOTED_EVERY = timedelta(minutes=1)
"""How often at most the use of a session is written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser of one user."""

    id: str
    """Names it in lists; opens nothing."""
    digest: bytes
    """SHA-256 of the secret that is in the cookie."""
    user: str
    created: datetime
    last_used: datetime
    """Not older than NOTED_EVERY more than the truth."""
    agent: str = ""
    """What the browser called itself when it was opened."""
    address: str = ""
    """From where it was opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """How long sessions last."""

    idle: timedelta
    """Without any use."""
    whole: timedelta
    """However much it is used."""

    def ends(self, session: Session) -> datetime:
        """Return from when on the session opens nothing, if it is not used again."""
        return min(session.created + self.whole, session.last_used + self.idle)

    def is_to_note(self, session: Session, now: datetime) -> bool:
        """Say whether a use now is worth writing down."""
        return now - session.last_used >= min(NOTED_EVERY, self.idle / 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginLink:
    """Logs a user in once."""

    digest: bytes
    user: str
    expires: datetime


def open_session(
    *, user: str, agent: str, address: str, now: datetime, randomness: bytes
) -> tuple[Session, str]:
    """Make a session of ID_BYTES + SECRET_BYTES of randomness; returns it with its secret."""
    secret = _text(randomness[ID_BYTES:])
    session = Session(
        id=randomness[:ID_BYTES].hex(),
        digest=digest_of(secret.encode()),
        user=user,
        created=now,
        last_used=now,
        agent="".join(filter(str.isprintable, agent))[:LONGEST_AGENT],
        address=address,
    )
    return session, secret


def issue_link(*, user: str, now: datetime, randomness: bytes) -> tuple[LoginLink, str]:
    """Make a login link of SECRET_BYTES of randomness; returns it with its secret."""
    secret = _text(randomness)
    link = LoginLink(digest=digest_of(secret.encode()), user=user, expires=now + LINK_LASTS)
    return link, secret


def link_path(secret: str) -> str:
    """Return the address of a login link below that of the server."""
    return f"/login?token={secret}"


def _text(randomness: bytes) -> str:
    return urlsafe_b64encode(randomness).decode().rstrip("=")
