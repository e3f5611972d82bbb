"""The key that all secrets are sealed with: read from text, recognised by an id.

The id is kept with each value, so that a wrong key is told at once and nothing is ever
opened with it. Text that pysched or `openssl rand -hex 32` made is 256 random bits and is
taken as it is. Anything else is a passphrase, which is stretched by scrypt (RFC 7914) so
that a stolen database does not give it away by trying.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import scrypt, sha256

from engine.config import is_placeholder
from engine.errors import UnusableSecretKey

KEY_BYTES = 32
SHORTEST_PASSPHRASE = 12

_OURS = re.compile(r"[A-Za-z0-9_-]{43}=?", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class MasterKey:
    """32 bytes, and what is told of them."""

    id: str
    """Sixteen hex digits."""
    source: str
    """Where it comes from, for messages: a path or the name of a variable."""
    secret: bytes = field(repr=False)


def read_key(text: str, source: str) -> MasterKey:
    """Return the key that text stands for; `source` is where it was found.

    Raises UnusableSecretKey for a placeholder and for what is too short.
    """
    text = text.strip()
    if not _is_random(text):
        _check_passphrase(text, source)
    secret = _bytes_of(text)
    return MasterKey(id_of(secret), source, secret)


def text_of(randomness: bytes) -> str:
    """Return the text of a new key, from 32 random bytes; `read_key` reads it."""
    return urlsafe_b64encode(randomness).decode().rstrip("=")


def id_of(secret: bytes) -> str:
    """Return what a key is recognised by, and from which nothing of it can be learned."""
    return sha256(b"pysched key id\0" + secret).hexdigest()[:16]


def _is_random(text: str) -> bool:
    return bool(_OURS.fullmatch(text) or _HEX.fullmatch(text)) and len(set(text)) >= KEY_BYTES // 4


def _check_passphrase(text: str, source: str) -> None:
    advice = "set a value of your own, such as the output of `openssl rand -hex 32`"
    if is_placeholder(text, of_all_secrets=True):
        raise UnusableSecretKey(f"{source}: a placeholder that anybody would guess; {advice}")
    if len(text) < SHORTEST_PASSPHRASE:
        raise UnusableSecretKey(
            f"{source}: the key of all secrets needs at least {SHORTEST_PASSPHRASE} characters; "
            f"{advice}"
        )


@lru_cache(maxsize=4)
def _bytes_of(text: str) -> bytes:
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    if _OURS.fullmatch(text):
        return urlsafe_b64decode(text.rstrip("=") + "=")
    salt = b"pysched secret key"
    return scrypt(text.encode(), salt=salt, n=1 << 14, r=8, p=1, maxmem=1 << 26, dklen=KEY_BYTES)
