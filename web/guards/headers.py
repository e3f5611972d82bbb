"""The headers that every answer carries, whatever route or refusal it comes from.

A header that a route sets itself is left as it is, so that one page may loosen a rule and
all the others keep it.
"""

from collections.abc import Iterable
from typing import Final

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "img-src 'self' data:",
        "object-src 'none'",
    )
)
"""Scripts, styles, fonts and connections come from this server's own files alone."""

Header = tuple[bytes, bytes]

_ALWAYS: Final[tuple[Header, ...]] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # A hook's token stands in its address.
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
)
_NO_STORE: Final[Header] = (b"cache-control", b"no-store")
_ONLY_HTTPS: Final[Header] = (b"strict-transport-security", b"max-age=31536000")
_PRIVATE = ("/api/", "/hooks/")


def dressed(
    headers: Iterable[Header], *, path: str, scheme: str, request_id: bytes
) -> list[Header]:
    """Return a route's headers with those that every answer carries."""
    found = list(headers)
    names = {name for name, _ in found}
    found += [header for header in _ALWAYS if header[0] not in names]
    found.append((b"x-request-id", request_id))
    if b"cache-control" not in names and path.startswith(_PRIVATE):
        found.append(_NO_STORE)
    if scheme == "https":
        found.append(_ONLY_HTTPS)
    return found
