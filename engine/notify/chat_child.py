"""Send notices by Apprise; a program of its own that ends when it has.

Apprise takes a third of a second and 30 MB to load. A server sends few notices, so it is
loaded here, for as long as it is needed, and the server stays small. It is also what
lets a guard be put around it that holds for the whole process.

The order is in the environment, where other accounts cannot read it; each result is a
line of JSON on standard output, written as soon as it is known.
"""

import json
import logging
import os
import socket
import ssl
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engine.notify.guard import Guard

ORDER_VARIABLE = "PYSCHED_NOTICES"
_MOST_WORDS = 500
_PROXIES = ("https_proxy", "http_proxy", "all_proxy")


class _Words(logging.Handler):
    """Gathers what Apprise says of a failure, which it puts nowhere but in its log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def main() -> int:
    """Carry out the order in the environment."""
    order: dict[str, Any] = json.loads(os.environ.pop(ORDER_VARIABLE))
    import apprise

    # Has all services read in, and their bytecode kept, before the guard is up.
    _service(apprise, "json://localhost")
    guard = _guard(order["allowed"])
    words = _Words()
    logger = logging.getLogger("apprise")
    logger.addHandler(words)
    logger.propagate = False
    for message in order["messages"]:
        words.said.clear()
        result = _send(apprise, message, words, guard)
        print(json.dumps(result), flush=True)  # noqa: T201 - the answer
    return 0


def _send(apprise: Any, message: dict[str, str], words: _Words, guard: Guard) -> dict[str, Any]:
    guard.refused.clear()
    try:
        service = _service(apprise, message["url"])
        if service is None:
            why = words.said[-1] if words.said else "no service is known by it"
            return _failed(f"the URL cannot be used: {why}", hopeless=True)
        delivered = service.notify(
            title=message["title"],
            body=message["body"],
            notify_type=apprise.NotifyType(message["type"]),
        )
    except Exception as error:  # whatever a plugin does, the next notice is to be sent
        words.said.append(f"{type(error).__name__}: {error}")
        delivered = False
    if delivered:
        return {"delivered": True, "detail": "", "hopeless": False}
    if guard.refused:
        return _failed(guard.refused[0], hopeless=True)
    said = "; ".join(dict.fromkeys(words.said))
    return _failed(said or "the service did not take it and did not say why")


def _service(apprise: Any, url: str) -> Any:
    asset = apprise.AppriseAsset(
        app_id="pysched", app_desc="PyScheduler", app_url="", storage_mode="memory",
        async_mode=False, secure_logging=True, pgp_autogen=False, pem_autogen=False,
    )  # fmt: skip
    service = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if service is not None and "overflow=" not in url:
        # Services refuse what is too long for them; the beginning says what happened.
        service.overflow_mode = "truncate"
    return service


def _failed(detail: str, *, hopeless: bool = False) -> dict[str, Any]:
    return {"delivered": False, "detail": detail[:_MOST_WORDS], "hopeless": hopeless}


def _guard(allowed_hosts: Sequence[str] | None) -> Guard:
    allowed = None if allowed_hosts is None else list(_addresses(allowed_hosts))
    guard = Guard(list(_readable()), allowed)
    sys.dont_write_bytecode = True
    sys.addaudithook(guard)
    return guard


def _readable() -> Iterator[Path]:
    """Yield where Python, its libraries, certificates and time zones are."""
    ours = str(Path(__file__).parents[1])
    places = (*sys.path, sys.prefix, sys.base_prefix, ours)
    found = {Path(place).resolve() for place in places if place}
    paths = ssl.get_default_verify_paths()
    for place in (paths.cafile, paths.capath, paths.openssl_cafile, paths.openssl_capath):
        if place:
            found.add(Path(place).resolve())
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if os.environ.get(variable):
            found.add(Path(os.environ[variable]).resolve())
    yield from found
    for place in ("/etc/ssl", "/etc/pki", "/usr/share/zoneinfo", "/usr/share/ca-certificates"):
        yield Path(place)
    for place in ("/etc/mime.types", "/dev/null", "/dev/urandom"):
        yield Path(place)


def _addresses(hosts: Sequence[str]) -> Iterator[str]:
    """Yield the addresses of the hosts that are allowed, and of the proxies, which are set."""
    proxies = [os.environ.get(name) or os.environ.get(name.upper()) for name in _PROXIES]
    urls = [proxy if "://" in proxy else f"//{proxy}" for proxy in proxies if proxy]
    named = [host for url in urls if (host := urlsplit(url).hostname)]
    for host in (*hosts, *named):
        # One that cannot be found now is not reached, and the failure to do so is told.
        with suppress(OSError, UnicodeError):
            yield from (str(found[4][0]) for found in socket.getaddrinfo(host, None))


if __name__ == "__main__":
    sys.exit(main())
