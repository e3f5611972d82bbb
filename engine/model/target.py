"""Read where a notice is to go: a mail address, or a URL as Apprise has them. Pure.

What such a URL says is mostly secret, a token instead of a host, so lists show its scheme
alone. Some schemes never leave this machine: they would show a message on a desktop
nobody sits at, write a file, or run a program, so they are refused.
"""

import re
from enum import StrEnum
from urllib.parse import urlsplit

from engine.errors import InvalidInput

_MAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
)
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31})://\S+", re.ASCII)

LOCAL_SCHEMES = frozenset(
    {
        "dbus", "file", "gio", "glib", "gnome", "growl", "http+unix", "kde", "macosx", "qt",
        "syslog", "toast", "unix", "windows",
    }
)  # fmt: skip
"""Of Apprise, and of what might be taken for one of its URLs."""
_HOST_IS_NO_SECRET = frozenset({"http", "https", "json", "jsons", "xml", "xmls", "form", "forms"})


class Way(StrEnum):
    MAIL = "mail"
    CHAT = "chat"


def way_of(target: str) -> Way:
    """Say how a target is reached. Raises InvalidInput for what is neither address nor URL."""
    if "://" not in target:
        if _MAIL.fullmatch(target):
            return Way.MAIL
        raise InvalidInput(f"{shown(target)!r} is neither a mail address nor a URL")
    found = _URL.fullmatch(target)
    if found is None:
        raise InvalidInput(f"{shown(target)!r} is no URL: it has spaces or no scheme")
    if not _is_readable(target):
        # The reason that Python gives may repeat a password.
        raise InvalidInput(
            f"{shown(target)!r} is no URL: its host is malformed; write [ and ] of a user name or "
            "password as %5B and %5D"
        )
    scheme = found[1].lower()
    if scheme in LOCAL_SCHEMES:
        raise InvalidInput(
            f"{scheme}: notifications are not shown on, written to or run by the server's own "
            "machine; name a mail address or the URL of a service"
        )
    return Way.CHAT


def _is_readable(url: str) -> bool:
    try:
        urlsplit(url)
    except ValueError:
        return False
    return True


def shown(target: str) -> str:
    """Return a target as it may be listed: of a URL the scheme, and the host if that tells."""
    scheme, found, rest = target.partition("://")
    if not found:
        return target[:100]
    if scheme.lower() not in _HOST_IS_NO_SECRET:
        return f"{scheme[:32]}://…"
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    return f"{scheme}://{host[:100]}/…"


def without_secrets(text: str, target: str) -> str:
    """Return what a service said, without the tokens of the URL that it may repeat."""
    if "://" not in target:
        return text
    host = urlsplit(target).hostname if _is_readable(target) else None
    parts = re.split(r"[/@:?&=#,]+", target.partition("://")[2])
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SECRET_LENGTH and part != host:
            text = text.replace(part, "…")
    return text


_SECRET_LENGTH = 8
"""Characters of a part of a URL that may be a token; shorter ones are words like `alerts`."""
