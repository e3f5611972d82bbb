"""Hash and check passwords by argon2id, in threads, few at a time.

Each hash takes 64 MiB and about 150 ms of two processors (RFC 9106, the second recommended
option), which is what makes guessing dear and a flood of logins dangerous: two at once are
worked on, some more may wait, and the rest are told to come back. The library is imported
by the first hash; a server to which nobody logs in never loads it.

A name that is not there costs the same time as one that is, by a check against a hash that
no password has.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from engine.errors import Busy

AT_ONCE = 2
MOST_WAITING = 8
"""A second of work, about, which nobody minds to wait."""
NOBODYS = (
    "$argon2id$v=19$m=65536,t=3,p=4$bm9ib2R5J3Mgc2FsdCBoZQ$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


class Passwords:
    """One for the whole server."""

    def __init__(self, *, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._at_once = at_once
        self._most = at_once + most_waiting
        self._asked = 0

    async def hash(self, password: str) -> str:
        """Return the hash with its salt and parameters. Raises Busy."""
        return await self._work(password, None) or ""

    async def match(self, password: str, hashed: str | None) -> bool:
        """Say whether that is the password; None has none, and takes as long. Raises Busy."""
        return await self._work(password, hashed or NOBODYS) is not None and hashed is not None

    async def _work(self, password: str, hashed: str | None) -> str | None:
        if self._asked >= self._most:
            raise Busy("too many are logging in at this moment; try again in a second")
        self._asked += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, _hash, password, hashed)
        finally:
            self._asked -= 1

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._at_once, thread_name_prefix="password")


def _hash(password: str, hashed: str | None) -> str | None:
    """Return the hash of a password; of one with a hash that hash, or None if it is another's."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    # A lone surrogate, as JSON may carry it, is no text that could be encoded.
    secret = password.encode(errors="surrogatepass")
    if hashed is None:
        return PasswordHasher().hash(secret)
    try:
        PasswordHasher().verify(hashed, secret)
    except (VerificationError, InvalidHashError):
        return None
    return hashed
