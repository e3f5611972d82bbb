"""Who may do what: roles, the person or program behind a key, and the check of a key.

A permission is decided on the route and its parsed parameters, never on the text
of the URL, and every route states the role it needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from hmac import compare_digest


class Role(IntEnum):
    """Each role may do all that the ones before it may."""

    VIEWER = 1
    """Reads."""
    OPERATOR = 2
    """Also runs and cancels."""
    EDITOR = 3
    """Also changes files."""
    ADMIN = 4
    """All."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks."""

    name: str
    """Shown where a run says who asked for it."""
    role: Role

    def may(self, role: Role) -> bool:
        return self.role >= role


class Keys:
    """The API keys that open the door, each with the principal behind it."""

    def __init__(self, keys: Mapping[str, Principal]) -> None:
        self._keys = [
            (sha256(key.encode()).digest(), principal) for key, principal in keys.items() if key
        ]

    def principal(self, presented: bytes) -> Principal | None:
        """Return who has this key, None if nobody; takes equally long for any wrong key."""
        found: Principal | None = None
        digest = sha256(presented).digest()
        for key, principal in self._keys:
            if compare_digest(key, digest):
                found = principal
        return found
