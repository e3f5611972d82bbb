"""HTTP Basic (RFC 7617): a user's name and password with each request, for programs such as git.

A password costs 150 ms of work, which is not paid for every request: what was found right
is remembered by a keyed hash, together with the hash it was checked against. So a changed
password is wrong at once, and the memory of the process holds none.
"""

import asyncio
import binascii
import hmac
import secrets
from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import NamedTuple

MOST_REMEMBERED = 1_000


class Credentials(NamedTuple):
    name: str
    password: str


def read_basic(encoded: str) -> Credentials | None:
    """Return what follows `Basic` in a header; None when it cannot be read."""
    try:
        name, colon, password = b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return Credentials(name, password) if colon else None


class Remembered:
    """Passwords that were right, and those that are being checked."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._right: dict[bytes, str] = {}
        self._checks: dict[bytes, asyncio.Future[bool]] = {}

    async def check(
        self, given: Credentials, hashed: str | None, check: Callable[[], Awaitable[bool]]
    ) -> bool:
        """Return the answer of `check`, which is asked once for those who ask at once.

        `hashed` is what the account has now. Raises what `check` raises.
        """
        text = f"{len(given.name)} {given.name.casefold()} {given.password}"
        mark = hmac.digest(self._key, text.encode(errors="surrogatepass"), "sha256")
        if hashed is not None and self._right.get(mark) == hashed:
            return True
        pending = self._checks.get(mark)
        if pending is None:
            pending = self._checks[mark] = asyncio.ensure_future(check())
            pending.add_done_callback(lambda _: self._checks.pop(mark, None))
        right = await asyncio.shield(pending)
        if right and hashed is not None:
            if len(self._right) >= MOST_REMEMBERED:
                self._right.clear()
            self._right[mark] = hashed
        return right
