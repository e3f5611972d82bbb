"""People who log in: their names, their passwords' rules, and what is kept of them.

A name is ASCII, so that `Ada` and `ada` are one account by a rule that everybody can see,
and has no colon or slash, as it is in addresses and in HTTP Basic. A password is bounded
in length from below alone by what can be guessed (NIST SP 800-63B): no rule of composition,
but none of the few that everybody tries first.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from engine.errors import InvalidInput, LastAdmin
from engine.model.account import Role

FIRST_ADMIN = "admin"
"""The account of the first start."""
LONGEST_NAME = 64
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 1_000
FEWEST_CHARACTERS = 5
"""Different ones in a password."""
GENERATED_BYTES = 15
"""Randomness of a password that is made here: 120 bits, 20 characters."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}", re.ASCII)
_ENDING = re.compile(r"[\W\d_]+\Z")
_TRIED_FIRST = frozenset(
    {
        *("admin", "administrator", "root", "user", "guest", "default", "test", "testing"),
        *("password", "passwort", "passw0rd", "p@ssw0rd", "p@ssword", "passphrase", "secret"),
        *("letmein", "welcome", "changeme", "change-me", "change_me", "changeit", "change me"),
        *("iloveyou", "abc", "login", "master", "dragon", "monkey", "sunshine", "princess"),
        *("qwertyuiop", "qwertzuiop", "qwerty", "qwertz", "asdfghjkl", "abcdefghij"),
        *("pysched", "pyscheduler", "scheduler"),
    }
)
_ROWS = ("12345678901234567890", "09876543210987654321", "abcdefghijklmnopqrstuvwxyz")


class Theme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account of a person."""

    name: str
    """No two differ by case alone; never changes."""
    role: Role
    password: str | None
    """As argon2 writes its hash, with its parameters; None: only a login link opens."""
    theme: Theme = Theme.SYSTEM
    timezone: str | None = None
    """IANA name; None: that of the browser."""
    created: datetime
    last_login: datetime | None = None
    disabled: bool = False

    @property
    def is_enabled_admin(self) -> bool:
        return self.role is Role.ADMIN and not self.disabled


def check_name(name: str) -> str:
    """Return a name for an account. Raises InvalidInput."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} cannot be the name of a user: it takes 1 to {LONGEST_NAME} letters, digits "
            "and . _ @ + -, beginning with a letter or digit"
        )
    return name


def check_zone(name: str) -> str:
    """Return the name of a time zone. Raises InvalidInput."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise InvalidInput(
            f"there is no time zone {name!r}; use an IANA name such as Europe/Berlin"
        ) from None
    return name


def check_password(password: str, name: str) -> str:
    """Return a password that may be used by the account of that name. Raises InvalidInput.

    The message never holds the password.
    """
    fault = fault_of(password, name)
    if fault:
        raise InvalidInput(f"this password cannot be used: {fault}")
    return password


def fault_of(password: str, name: str) -> str | None:
    """Say why a password cannot be used, None if it can."""
    plain, word = password.casefold(), _without_ending(password.casefold())
    if len(password) < SHORTEST_PASSWORD:
        return f"it needs at least {SHORTEST_PASSWORD} characters; several words are easy to keep"
    if len(password) > LONGEST_PASSWORD:
        return f"it may have at most {LONGEST_PASSWORD} characters"
    if plain == name.casefold() or (word and word == _without_ending(name.casefold())):
        return "it is the name of the account"
    if word in _TRIED_FIRST or any(plain in row for row in _ROWS):
        return "it is one of those that are tried first; take several words that say nothing of you"
    if len(set(plain)) < FEWEST_CHARACTERS:
        return f"it needs at least {FEWEST_CHARACTERS} different characters"
    return None


def _without_ending(text: str) -> str:
    """Leave out digits and punctuation at the end, which make no password harder to guess."""
    return _ENDING.sub("", text)


def generated_password(randomness: bytes) -> str:
    """Make a password of GENERATED_BYTES of randomness."""
    return urlsafe_b64encode(randomness).decode().rstrip("=")


def new_user(*, name: str, role: Role, password: str | None, now: datetime) -> User:
    """Make an account; `password` is a hash. Raises InvalidInput for a name that is none."""
    return User(name=check_name(name), role=role, password=password, created=now)


def ends_sessions(before: User, after: User) -> bool:
    """Say whether a change takes away what a session was opened with."""
    return (before.role, before.password, before.disabled) != (
        after.role,
        after.password,
        after.disabled,
    )


def keep_an_admin(before: Iterable[User], name: str, after: User | None) -> None:
    """Raise LastAdmin if nobody could administer any more, once the account is so, or gone.

    Without any admin before, nothing is lost.
    """
    users = {user.name.casefold(): user for user in before}
    had = any(user.is_enabled_admin for user in users.values())
    users.pop(name.casefold(), None)
    if after is not None:
        users[name.casefold()] = after
    if had and not any(user.is_enabled_admin for user in users.values()):
        raise LastAdmin(
            f"{name} is the only admin that can log in; make another user an admin first"
        )


def with_changes(
    user: User,
    *,
    role: Role | None = None,
    password: str | None = None,
    disabled: bool | None = None,
    theme: Theme | None = None,
    timezone: str | None = None,
) -> User:
    """Return the account with what is given, None leaving it; `timezone` "" takes it away."""
    return replace(
        user,
        role=user.role if role is None else role,
        password=user.password if password is None else password,
        disabled=user.disabled if disabled is None else disabled,
        theme=user.theme if theme is None else theme,
        timezone=user.timezone if timezone is None else timezone or None,
    )
