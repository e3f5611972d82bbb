"""Who may come in: roles, and the keys of programs.

A key's secret is 256 random bits, so its plain SHA-256 is all that is kept of it: nobody
can try that many secrets, and a slow hash, which a password needs because people choose
few of them, would only make each request slow.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from fnmatch import fnmatchcase
from hashlib import sha256

from engine.errors import InvalidInput

SECRET_BYTES = 38
"""Randomness that a key is made of: 6 bytes that name it, 32 that open the door."""
LONGEST_KEY_NAME = 100
MOST_PATTERNS = 100

_ID_BYTES = 6
_PATTERN = re.compile(r"[A-Za-z0-9._*/-]{1,200}", re.ASCII)


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

    @property
    def word(self) -> str:
        return self.name.lower()


ROLES = tuple(role.word for role in Role)


def role_of(word: str) -> Role:
    """Return the role of that name. Raises InvalidInput."""
    if word not in ROLES:
        raise InvalidInput(f"there is no role {word!r}; the roles are {', '.join(ROLES)}")
    return Role[word.upper()]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of a program; the secret itself is known to its holder alone."""

    id: str
    """Twelve hex digits, with which the secret begins after `pysched_`."""
    name: str
    """No two keys have the same."""
    digest: bytes
    """SHA-256 of the secret."""
    role: Role
    scripts: tuple[str, ...] = ()
    """Patterns of the scripts it is for; empty means all."""
    created: datetime
    expires: datetime | None = None
    last_used: datetime | None = None
    """Not older than a minute more than the truth."""

    def valid_at(self, now: datetime) -> bool:
        return self.expires is None or now < self.expires


def digest_of(secret: bytes) -> bytes:
    return sha256(secret).digest()


def covers(patterns: Sequence[str], script: str) -> bool:
    """Say whether a script is among those of the patterns; no pattern means every script.

    `*` stands for any text, slashes included: `etl/*` is everything below `etl`.
    """
    return not patterns or any(fnmatchcase(script, pattern) for pattern in patterns)


def issue_key(
    *,
    name: str,
    role: Role,
    scripts: Iterable[str] = (),
    expires: datetime | None = None,
    now: datetime,
    randomness: bytes,
) -> tuple[ApiKey, str]:
    """Make a key of SECRET_BYTES of randomness; returns it with its secret, to be shown once.

    Raises InvalidInput for a name or pattern that cannot be used, or an end that is past.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_KEY_NAME or not name.isprintable():
        raise InvalidInput(
            f"{name!r} cannot be the name of a key: it needs 1 to {LONGEST_KEY_NAME} characters "
            "that can be printed"
        )
    if expires is not None and expires <= now:
        raise InvalidInput(f"a key that expires at {expires.isoformat()} would open nothing")
    identity = randomness[:_ID_BYTES].hex()
    token = urlsafe_b64encode(randomness[_ID_BYTES:]).decode().rstrip("=")
    secret = f"pysched_{identity}_{token}"
    key = ApiKey(
        id=identity,
        name=name,
        digest=digest_of(secret.encode()),
        role=role,
        scripts=script_patterns(scripts),
        created=now,
        expires=expires,
    )
    return key, secret


def script_patterns(given: Iterable[str]) -> tuple[str, ...]:
    """Return patterns of scripts, each once. Raises InvalidInput for one that is none."""
    patterns = tuple(dict.fromkeys(given))
    if len(patterns) > MOST_PATTERNS:
        raise InvalidInput(f"at most {MOST_PATTERNS} patterns of scripts can be given")
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern):
            raise InvalidInput(
                f"{pattern!r} is no pattern of scripts: it is an id in which * stands for any "
                "text, such as etl/*"
            )
    return patterns
