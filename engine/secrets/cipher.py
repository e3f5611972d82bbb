"""Seal a secret's value, and open it again: AES-256-GCM, which notices every change.

The name is sealed in with the value, so that a value that somebody moves to another row
of the database does not open. The library is imported when the first value is sealed or
opened: it takes 20 ms and some megabytes, and most servers have no secrets.
"""

import os

from engine.errors import UnusableDatabase

_NONCE_BYTES = 12
"""Random, which is safe for 2³² values under one key (NIST SP 800-38D, 8.3)."""


def seal(key: bytes, name: str, value: str) -> bytes:
    """Return nonce and sealed value; `key` has 32 bytes."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, value.encode(), _bound_to(name))


def unseal(key: bytes, name: str, sealed: bytes) -> str:
    """Return the value. Raises UnusableDatabase when it is not what `seal` returned."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return AESGCM(key).decrypt(nonce, rest, _bound_to(name)).decode()
    except (InvalidTag, ValueError):
        raise UnusableDatabase(
            f"the stored value of secret {name} is damaged; set it anew with "
            f"`pysched secret add --replace {name}`"
        ) from None


def _bound_to(name: str) -> bytes:
    return b"pysched secret 1\0" + name.encode()
