"""What a request shows to be let in, and which of it was good before.

Whoever tries keys has to wait after so many failures, and so would everybody else at the
same address, such as behind one proxy. What was good a moment ago is therefore let through;
and its holder's name, not the address, is what further requests are counted by.
"""

import secrets
from collections import OrderedDict
from hashlib import blake2b
from typing import NamedTuple

MOST_KNOWN = 4_096
"""About 1 MB."""
HOOKS = "/hooks/"

_OURS = secrets.token_bytes(16)
"""So that what is kept in memory cannot be tried against lists of passwords."""


class Credential(NamedTuple):
    digest: bytes
    """Of what was shown, which itself is not kept."""
    is_guess: bool
    """A cookie that is not known any more is an old session, and no guess."""


def credential_of(path: str, headers: dict[bytes, bytes]) -> Credential | None:
    """Return what a request shows; the address itself, where that is the secret."""
    shown = headers.get(b"x-api-key") or headers.get(b"authorization")
    if path.startswith(HOOKS):
        shown = path.encode()
    if shown:
        return Credential(_digest(shown), is_guess=True)
    cookie = headers.get(b"cookie")
    if not cookie:
        return None
    return Credential(_digest(cookie), is_guess=False)


def _digest(shown: bytes) -> bytes:
    return blake2b(shown, digest_size=16, key=_OURS).digest()


class KnownCredentials:
    """The holders of credentials that were good when they were last shown."""

    def __init__(self) -> None:
        self._holders: OrderedDict[bytes, str] = OrderedDict()

    def holder(self, credential: Credential | None) -> str | None:
        if credential is None:
            return None
        return self._holders.get(credential.digest)

    def remember(self, credential: Credential, holder: str) -> None:
        if credential.digest not in self._holders and len(self._holders) >= MOST_KNOWN:
            self._holders.popitem(last=False)
        self._holders[credential.digest] = holder
        self._holders.move_to_end(credential.digest)

    def forget(self, credential: Credential) -> None:
        self._holders.pop(credential.digest, None)
