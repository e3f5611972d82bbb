"""Whether a request that a browser sent by itself comes from one of our own pages.

A browser adds a cookie (and a remembered password) to whatever any page makes it send.
So a request that changes something, or opens a WebSocket, counts with them only when it
comes from a page of this server. Browsers say where it comes from in `Origin` and
`Sec-Fetch-Site`, which no script can set. A program sends neither, and is not what this
guards against; nor does a request with a key in a header need it, as no browser adds that.

The rules follow OWASP's "Cross-Site Request Forgery Prevention" (Fetch Metadata) and the
Go library's `http.CrossOriginProtection`.
"""

from collections.abc import Collection, Mapping
from urllib.parse import SplitResult, urlsplit

OWN = "same-origin"
TYPED = "none"
"""What a browser says of an address that its user entered."""
DEFAULT_PORTS = {"http": 80, "https": 443}


def from_own_page(headers: Mapping[str, str], public: Collection[str] = ()) -> bool:
    """Say whether a request is no other site's doing; `headers` by lower-case name.

    `public` holds the addresses under which people reach this server, such as
    `https://pysched.example.com`, for proxies that change `Host`. The path of an address
    does not matter.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and _origin(origin) in {_origin(one) for one in public} - {None}:
        return True
    if site is not None and site not in {OWN, TYPED}:
        return False
    if origin is None or site == OWN:
        # The browser compared with the address it used, which a proxy may have changed since.
        return True
    return _is_at(origin, headers.get("host", ""))


def came_by_https(headers: Mapping[str, str], scheme: str) -> bool:
    """Say whether the caller used https, be it up to a proxy; `scheme` is that of the last hop.

    Headers may be forged, but only to the forger's own harm: a cookie that is kept for https.
    """
    forwarded = headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return scheme == "https" or forwarded == "https" or headers.get("origin", "")[:6] == "https:"


def _is_at(origin: str, host: str) -> bool:
    """Compare an origin with a `Host` header, which may or may not name the scheme's own port."""
    found = _origin(origin)
    return found is not None and found == _origin(f"{found[0]}://{host}")


def _origin(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port; None for `null` and whatever else is no web address."""
    parts = _split(url)
    if parts is None or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS[parts.scheme]


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in DEFAULT_PORTS and "@" not in parts.netloc else None
