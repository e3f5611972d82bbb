"""Hooks: secret addresses that fire one script's url trigger, for callers without headers.

The token is 256 random bits and stands in the address itself, so only its hash is kept, as
of an API key.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime

from engine.model.account import digest_of

TOKEN_BYTES = 32
SHORTEST_TOKEN = 32
LONGEST_TOKEN = 100
"""Characters; what is shorter or longer is no token of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """The token of one script; a new one takes the place of the old."""

    script: str
    digest: bytes
    """SHA-256 of the token."""
    created: datetime


def issue_hook(*, script: str, now: datetime, randomness: bytes) -> tuple[Hook, str]:
    """Make a hook of TOKEN_BYTES of randomness; returns it with its token, to be shown once."""
    token = urlsafe_b64encode(randomness).decode().rstrip("=")
    return Hook(script=script, digest=digest_of(token.encode()), created=now), token
