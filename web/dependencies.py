"""What routes ask for in their signature: the engine, and a caller with the role they need."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from enum import Enum
from http import HTTPStatus
from typing import Annotated, Any, cast

from fastapi import Depends, Query, Request
from starlette.requests import HTTPConnection

from engine.errors import NotFound
from web.auth.accounts import Accounts
from web.auth.basic import read_basic
from web.auth.cookie import COOKIE
from web.errors import HttpProblem
from web.origin import from_own_page
from web.permissions import Keys, Principal, Role, Via
from web.service import Service

CHALLENGE = 'Bearer realm="pysched"'

KEY_HEADER = "X-API-Key"
KEY_SCHEMES: dict[str, Any] = {
    KEY_HEADER: {"type": "apiKey", "in": "header", "name": KEY_HEADER},
    "Bearer": {"type": "http", "scheme": "bearer"},
}
"""As OpenAPI has them. The framework's own classes for them are each a dependency more, and
each dependency takes as long as a route's own work."""
SECURITY_SCHEMES: dict[str, Any] = KEY_SCHEMES | {
    "Session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    "Password": {"type": "http", "scheme": "basic"},
}

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""They change nothing; the one GET that does, the URL trigger, takes keys alone."""


class Only(Enum):
    """Who alone may use a route, if not everybody of its role."""

    KEYS = "keys"
    USERS = "users"


def schemes_of(path: str, operation: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schemes with which an operation of the document may be called."""
    if "hooks" in operation["tags"] and "401" not in operation["responses"]:
        return {}
    if path.endswith(("/auth/login", "/auth/logout")):
        return {}
    return KEY_SCHEMES if path.endswith("/trigger") else SECURITY_SCHEMES


async def current_engine(request: Request) -> Service:
    return cast("Service", request.app.state.engine)


async def current_principal(request: Request) -> Principal | None:
    """Return who asks; see `principal_of`."""
    return await principal_of(request)


async def principal_of(connection: HTTPConnection, *, used: bool = True) -> Principal | None:
    """Return who asks, by request or WebSocket, None for nobody that is known.

    A key in a header comes first, then a password, then a session's cookie; a key in the
    URL or in a cookie is none, as other sites and logs could use it. Raises a 401 problem for
    a key or password that is wrong, and a 403 one for a request that a page of another site
    may have made a browser send. The answer is left in the scope, under `principal`.
    `used` of False looks at a session without its life becoming any longer.
    """
    headers = connection.headers
    presented, scheme, credentials = headers.get(KEY_HEADER), "", ""
    if not presented:
        scheme, _, credentials = headers.get("Authorization", "").partition(" ")
        scheme = scheme.lower()
        presented = credentials if scheme == "bearer" else ""
    if presented:
        keys = cast("Keys", connection.app.state.keys)
        principal = await keys.principal(presented.encode("latin-1"))
        if principal is None:
            raise _unauthorized("this API key is not known here")
    elif scheme == "basic":
        principal = await _by_password(connection, credentials)
    else:
        principal = await _by_cookie(connection, used=used)
    connection.scope["principal"] = principal
    if principal is not None and principal.via is not Via.KEY:
        check_origin(connection)
    return principal


async def _by_password(connection: HTTPConnection, encoded: str) -> Principal:
    given = read_basic(encoded)
    principal = None
    if given is not None:
        keys = cast("Keys", connection.app.state.keys)
        principal = await keys.principal(given.password.encode(errors="surrogatepass"))
        if principal is not None:
            # The header is one that browsers add by themselves, whatever is in it.
            return replace(principal, via=Via.PASSWORD)
        principal = await accounts_of(connection).by_password(given, address_of(connection))
    if principal is None:
        raise _unauthorized("name and password, or the API key as password, are not known here")
    return principal


async def _by_cookie(connection: HTTPConnection, *, used: bool) -> Principal | None:
    """Return whose session it is; a cookie that is over is as good as none."""
    if COOKIE not in connection.headers.get("cookie", ""):
        return None
    secret = connection.cookies.get(COOKIE, "")
    return await accounts_of(connection).sessions.principal(secret, used=used) if secret else None


def check_origin(connection: HTTPConnection) -> None:
    """Refuse what another site's page may have made a browser do; reading is nothing done."""
    if connection.scope.get("method") in SAFE_METHODS:
        return
    if not from_own_page(connection.headers, accounts_of(connection).public):
        raise HttpProblem(
            HTTPStatus.FORBIDDEN,
            "cross_origin",
            "this was sent by a page of another site, not of this server; if it is this server's, "
            "behind a proxy that changes the Host header, set server.public_url",
        )


def accounts_of(connection: HTTPConnection) -> Accounts:
    return cast("Accounts", connection.app.state.accounts)


def address_of(connection: HTTPConnection) -> str:
    """Return from where the connection comes."""
    return connection.client.host if connection.client else ""


def requires(
    role: Role, *, filtered: bool = False, only: Only | None = None
) -> Callable[[Request], Awaitable[Principal]]:
    """Make the dependency of a route: 401 for nobody, 403 for one of a lesser role.

    `only` users or keys may have to ask. A key for some scripts gets 403 for another script, 404
    for a run of one, and 403 for what is about no script, unless the route is `filtered`: it
    leaves out what the key is not for.
    """

    async def check(request: Request) -> Principal:
        principal = await current_principal(request)
        if principal is None:
            raise _unauthorized(
                "an API key is needed, in the header X-API-Key or as Authorization: Bearer, "
                "or the cookie of a login"
            )
        if only is not None:
            _check_kind(only, principal)
        if not principal.may(role):
            raise HttpProblem(
                HTTPStatus.FORBIDDEN,
                "forbidden",
                f"this needs the role {role.name.lower()}; yours is {principal.role.name.lower()}",
            )
        if principal.scripts and not filtered:
            _check_script(request, principal)
        return principal

    return check


def _check_kind(only: Only, principal: Principal) -> None:
    if only is Only.KEYS and principal.via is not Via.KEY:
        raise HttpProblem(
            HTTPStatus.FORBIDDEN,
            "key_required",
            "this takes an API key, in the header X-API-Key or as Authorization: Bearer: "
            "any site could have a browser send a cookie or a password",
        )
    if only is Only.USERS and principal.account is None:
        raise HttpProblem(
            HTTPStatus.FORBIDDEN, "user_required", "this is about a user, and a key is none: log in"
        )


def _check_script(request: Request, principal: Principal) -> None:
    """Hold a key to its scripts, by the id that the route's own handler gets."""
    parameters = request.path_params
    if "run_id" in parameters:
        run_id = parameters["run_id"]
        engine = cast("Service", request.app.state.engine)
        # As of a run that is not there: whether it is, the key is not to learn.
        if not principal.may_see(engine.run(run_id).script):
            raise NotFound(f"there is no run {run_id!r}")
    else:
        hold_to_script(principal, parameters.get("script_id"))


def hold_to_script(principal: Principal, script: str | None) -> None:
    """Raise a 403 problem for a key that is not for a script; None is what is about none.

    For routes that find the script in their body, and let in any key for some scripts.
    """
    if principal.scripts and (script is None or not principal.may_see(script)):
        raise HttpProblem(
            HTTPStatus.FORBIDDEN,
            "forbidden",
            f"this key is for the scripts {', '.join(principal.scripts)} alone",
        )


def _unauthorized(detail: str) -> HttpProblem:
    return HttpProblem(
        HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": CHALLENGE}
    )


async def current_time(request: Request) -> datetime:
    return cast("Service", request.app.state.engine).now()


CurrentEngine = Annotated[Service, Depends(current_engine)]
Now = Annotated[datetime, Depends(current_time)]
Caller = Annotated[Principal | None, Depends(current_principal)]
"""Whoever asks, with a key or without."""
Viewer = Annotated[Principal, Depends(requires(Role.VIEWER))]
AnyViewer = Annotated[Principal, Depends(requires(Role.VIEWER, filtered=True))]
"""A viewer whose key may be for some scripts; the route shows it no others."""
Operator = Annotated[Principal, Depends(requires(Role.OPERATOR))]
AnyEditor = Annotated[Principal, Depends(requires(Role.EDITOR, filtered=True))]
"""An editor whose key may be for some scripts; the route holds it to them."""
Editor = Annotated[Principal, Depends(requires(Role.EDITOR))]
Admin = Annotated[Principal, Depends(requires(Role.ADMIN))]
KeyOperator = Annotated[Principal, Depends(requires(Role.OPERATOR, only=Only.KEYS))]
"""An operator with a key in a header: what no page can have a browser send."""
Person = Annotated[Principal, Depends(requires(Role.VIEWER, only=Only.USERS))]
"""Somebody with an account, for what is his own."""

Limit = Annotated[int, Query(ge=1, le=500, description="How many at most")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the page before")
]
