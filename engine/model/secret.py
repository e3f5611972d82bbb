"""A secret as it may be told of: everything but its value.

The value goes with a script into its runs and nowhere else; what is kept of it is sealed,
and no representation of anything here shows it.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime

from engine.errors import InvalidInput
from engine.model.account import covers

LONGEST_VALUE = 16_384
"""Bytes in UTF-8; a private key or the file of a service account has 2,000 to 10,000."""
LONGEST_DESCRIPTION = 500
SHORTEST_HIDDEN = 4
"""Bytes; a shorter value is in half of all output by chance, so it is not masked."""

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    name: str
    scripts: tuple[str, ...] = ()
    """Patterns of the scripts that may have it; empty means all."""
    description: str = ""
    created: datetime
    created_by: str
    updated: datetime
    """When the value, the scripts or the description were last changed."""
    updated_by: str
    last_used: datetime | None = None
    """By a run's start; not older than a minute more than the truth."""

    def granted_to(self, script: str) -> bool:
        return covers(self.scripts, script)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSecret:
    """A secret as it is stored."""

    secret: Secret
    key_id: str
    """Of the key that opens it."""
    sealed: bytes = field(repr=False)


def is_secret_name(name: str) -> bool:
    """Say whether a secret may have this name."""
    return _NAME.fullmatch(name) is not None


def check_secret_name(name: str) -> str:
    """Return the name. Raises InvalidInput, with one that would do, if no secret may have it."""
    if is_secret_name(name):
        return name
    better = re.sub(r"[^A-Z0-9_]+", "_", name.upper()).lstrip("_0123456789")[:100]
    hint = f", such as {better}" if is_secret_name(better) else ""
    raise InvalidInput(
        f"{name[:100]!r} is no name of a secret: it is made of up to 100 capital letters, digits "
        f"and _, and begins with a letter{hint}"
    )


def check_secret_value(value: str) -> str:
    """Return the value. Raises InvalidInput, without a word of it, if no run could get it."""
    if not value:
        raise InvalidInput("a secret's value must not be empty")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidInput("a secret's value must be text that UTF-8 can hold") from None
    if size > LONGEST_VALUE:
        raise InvalidInput(
            f"a secret's value may have {LONGEST_VALUE} bytes and this one has {size}; encrypt "
            "the large file, and keep its key here"
        )
    if "\0" in value:
        raise InvalidInput(
            "a secret's value must not hold a NUL character: no environment variable can; "
            "encode it, such as by base64"
        )
    return value


def check_secret_description(text: str) -> str:
    """Return a description. Raises InvalidInput for one that cannot be shown on a line."""
    if len(text) > LONGEST_DESCRIPTION or not text.isprintable():
        raise InvalidInput(
            f"a description is one line of up to {LONGEST_DESCRIPTION} characters that can be "
            "printed"
        )
    return text


def why_not(script: str, name: str, secret: Secret | None) -> str:
    """Say why a script may not have a secret, and what to do; empty if it may."""
    if secret is None:
        return (
            f"there is no secret {name}: add it with `pysched secret add {name}`, or correct the "
            "name"
        )
    if not secret.granted_to(script):
        return (
            f"secret {name} is not granted to {script}: run `pysched secret grant {name} "
            f"{script}`, or remove it from 'env'"
        )
    return ""
