"""What routes ask for in their signature: the engine, and a caller with the role they need."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, cast

from fastapi import Depends, Query, Request

from engine.errors import NotFound
from web.errors import HttpProblem
from web.permissions import Keys, Principal, Role
from web.service import Service

CHALLENGE = 'Bearer realm="pysched"'

KEY_HEADER = "X-API-Key"
SECURITY_SCHEMES: dict[str, Any] = {
    KEY_HEADER: {"type": "apiKey", "in": "header", "name": KEY_HEADER},
    "Bearer": {"type": "http", "scheme": "bearer"},
}
"""As OpenAPI has them. The framework's own classes for them are each a dependency more, and
each dependency takes as long as a route's own work."""


async def current_engine(request: Request) -> Service:
    return cast("Service", request.app.state.engine)


async def current_principal(request: Request) -> Principal | None:
    """Return who asks, None without a key. Raises a 401 problem for a key that is not known.

    Only headers count: a cookie or a key in the URL would let other sites and logs use it.
    """
    presented = request.headers.get(KEY_HEADER) or _bearer(request)
    if not presented:
        return None
    keys = cast("Keys", request.app.state.keys)
    principal = await keys.principal(presented.encode("latin-1"))
    if principal is None:
        raise _unauthorized("this API key is not known here")
    request.scope["principal"] = principal
    return principal


def _bearer(request: Request) -> str:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    return credentials if scheme.lower() == "bearer" else ""


def requires(role: Role, *, filtered: bool = False) -> Callable[[Request], Awaitable[Principal]]:
    """Make the dependency of a route: 401 without a key, 403 with one of a lesser role.

    A key for some scripts gets 403 for another script, 404 for a run of one, and 403 for what is
    about no script, unless the route is `filtered`: it leaves out what the key is not for.
    """

    async def check(request: Request) -> Principal:
        principal = await current_principal(request)
        if principal is None:
            raise _unauthorized(
                "an API key is needed, in the header X-API-Key or as Authorization: Bearer"
            )
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

Limit = Annotated[int, Query(ge=1, le=500, description="How many at most")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the page before")
]
