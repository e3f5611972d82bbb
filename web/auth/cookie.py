"""The session cookie: no script reads it, no other site's form sends it."""

from collections.abc import Mapping
from datetime import timedelta

from fastapi import Response

from web.origin import came_by_https

COOKIE = "pysched_session"


def set_cookie(
    response: Response,
    secret: str,
    *,
    lasts: timedelta,
    headers: Mapping[str, str],
    scheme: str,
) -> None:
    """Hand the browser its session; `headers` and `scheme` are those of its request."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(lasts.total_seconds()),
        httponly=True,
        samesite="lax",
        # Not where the caller speaks plain HTTP, as on this machine: the cookie would not come.
        secure=came_by_https(headers, scheme),
    )


def delete_cookie(response: Response) -> None:
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
