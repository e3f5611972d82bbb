"""What a route says of itself to the guards in front of it, beside its role.

Marks are read off the endpoint that was found for a request, never off the text of an address.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from fastapi import Request

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_UPLOAD = "__pysched_upload__"
_ASKS = "__pysched_asks__"
_ACTS = "__pysched_acts__"
_HOOK = "__pysched_hook__"
NOTES = "pysched.notes"
"""In a request's scope: what its route tells the audit log."""

READING = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, unless the route says so."""


def takes_upload(endpoint: Endpoint) -> Endpoint:
    """Mark a route that takes a file or a payload: its body may have `server.max_upload`."""
    setattr(endpoint, _UPLOAD, True)
    return endpoint


def only_asks(endpoint: Endpoint) -> Endpoint:
    """Mark a route that changes nothing although its method might: it leaves no audit entry."""
    setattr(endpoint, _ASKS, True)
    return endpoint


def acts(endpoint: Endpoint) -> Endpoint:
    """Mark a route that changes something although its method is GET."""
    setattr(endpoint, _ACTS, True)
    return endpoint


def opens_by_address(endpoint: Endpoint) -> Endpoint:
    """Mark a route whose address is itself the secret: 404 is then a key that is not known."""
    setattr(endpoint, _HOOK, True)
    return endpoint


def may_upload(endpoint: object) -> bool:
    return getattr(endpoint, _UPLOAD, False)


def opens_by_its_address(endpoint: object) -> bool:
    return getattr(endpoint, _HOOK, False)


def changes(method: str, endpoint: object) -> bool:
    """Say whether a request to a route changes something, if it is let."""
    if method in READING:
        return getattr(endpoint, _ACTS, False)
    return not getattr(endpoint, _ASKS, False)


def note(request: Request, **facts: str) -> None:
    """Tell the audit log more of this request than its path: names and ids, never secrets."""
    notes = cast("dict[str, str]", request.scope.setdefault(NOTES, {}))
    notes.update(facts)
