"""Who reaches what: every route of the app, asked by every kind of caller, in every way.

ROWS is the one table of it. Each route has a row, and a route without one fails here, so that
nobody adds a way in without saying whose it is.
"""

import asyncio
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from engine.model.session import ID_BYTES, SECRET_BYTES, open_session
from engine.model.user import User
from tests.fakes.engine import NOON, FakeEngine, a_script
from web.auth.cookie import COOKIE
from web.permissions import Keys, Principal, Role

RUN = "20261124T120000-abcdef123456"
IN_PLACE = {"script_id": "etl/load", "run_id": RUN}
"""What stands in a path for its parameters; for any other, `x`."""


class Scope(StrEnum):
    """How a key for some scripts alone fares, its role being enough."""

    SCRIPT = "the script in the path decides"
    RUN = "the script of the run decides; one of another looks like one that is not there"
    BODY = "the script in the body decides"
    FILTERED = "it is let in and is shown what it is for"
    WHOLE = "it is about more than scripts: 403"


@dataclass(frozen=True)
class Row:
    role: Role | None
    """The least that is needed; None lets everybody in, without a key too."""
    scope: Scope = Scope.WHOLE
    body: Mapping[str, Any] | None = None
    """Sent where a body decides; else it is an empty object, which permission does not wait for."""
    for_people: bool = False
    """It is about the account of who asks, and a key has none: 403."""
    for_keys: bool = False
    """It takes a key in a header alone, which no page can have a browser send."""
    own_pages: bool = False
    """It lets everybody in, but no page of another site."""


VIEWER, OPERATOR, EDITOR, ADMIN = Role.VIEWER, Role.OPERATOR, Role.EDITOR, Role.ADMIN

ROWS: Mapping[str, Row] = {
    "GET /api/openapi.json": Row(None),
    "GET /metrics": Row(VIEWER),
    "GET /docs": Row(None),
    "GET /api/settings": Row(ADMIN),
    "PUT /api/settings": Row(ADMIN),
    "GET /docs/": Row(None),
    "GET /docs/{name}": Row(None),
    "GET /api/health": Row(None),
    "GET /api/version": Row(VIEWER, Scope.FILTERED),
    "GET /api/auth/me": Row(VIEWER, Scope.FILTERED),
    "POST /api/auth/login": Row(None, own_pages=True),
    "POST /api/auth/logout": Row(None, own_pages=True),
    "GET /": Row(None),
    "GET /login": Row(None),
    "GET /login.css": Row(None),
    "POST /login": Row(None, own_pages=True),
    "PATCH /api/auth/me": Row(VIEWER, for_people=True),
    "GET /api/auth/sessions": Row(VIEWER, for_people=True),
    "DELETE /api/auth/sessions": Row(VIEWER, for_people=True),
    "DELETE /api/auth/sessions/{session_id}": Row(VIEWER, for_people=True),
    "GET /api/users": Row(ADMIN),
    "POST /api/users": Row(ADMIN),
    "GET /api/users/{name}": Row(ADMIN),
    "PATCH /api/users/{name}": Row(ADMIN),
    "DELETE /api/users/{name}": Row(ADMIN),
    "POST /api/users/{name}/link": Row(ADMIN),
    "GET /api/scripts": Row(VIEWER, Scope.FILTERED),
    "POST /api/scripts": Row(EDITOR),
    "GET /api/scripts/{script_id}": Row(VIEWER, Scope.SCRIPT),
    "PUT /api/scripts/{script_id}": Row(EDITOR, Scope.SCRIPT),
    "DELETE /api/scripts/{script_id}": Row(EDITOR, Scope.SCRIPT),
    "GET /api/scripts/{script_id}/next": Row(VIEWER, Scope.SCRIPT),
    "GET /api/scripts/{script_id}/occurrences": Row(VIEWER, Scope.SCRIPT),
    "GET /api/scripts/{script_id}/environment": Row(VIEWER, Scope.SCRIPT),
    "POST /api/scripts/{script_id}/environment/rebuild": Row(EDITOR, Scope.SCRIPT),
    "POST /api/scripts/{script_id}/execute": Row(OPERATOR, Scope.SCRIPT),
    "GET /api/scripts/{script_id}/trigger": Row(OPERATOR, Scope.SCRIPT, for_keys=True),
    "POST /api/scripts/{script_id}/trigger": Row(OPERATOR, Scope.SCRIPT, for_keys=True),
    "GET /api/scripts/{script_id}/files": Row(VIEWER, Scope.SCRIPT),
    "GET /api/scripts/{script_id}/files/{path}": Row(VIEWER, Scope.SCRIPT),
    "PUT /api/scripts/{script_id}/files/{path}": Row(EDITOR, Scope.SCRIPT),
    "DELETE /api/scripts/{script_id}/files/{path}": Row(EDITOR, Scope.SCRIPT),
    "POST /api/preview": Row(VIEWER),
    "POST /api/check": Row(
        EDITOR, Scope.BODY, {"script": "etl/load", "path": "load.py", "content": ""}
    ),
    "POST /api/complete": Row(
        EDITOR,
        Scope.BODY,
        {"script": "etl/load", "path": "load.py", "content": "", "line": 1, "column": 1},
    ),
    "GET /api/runs": Row(VIEWER, Scope.FILTERED),
    "GET /api/runs/{run_id}": Row(VIEWER, Scope.RUN),
    "POST /api/runs/{run_id}/cancel": Row(OPERATOR, Scope.RUN),
    "GET /api/runs/{run_id}/output": Row(VIEWER, Scope.RUN),
    "GET /api/runs/{run_id}/output/metrics": Row(VIEWER, Scope.RUN),
    "GET /api/runs/{run_id}/metrics": Row(VIEWER, Scope.RUN),
    "GET /api/logs/{script_id}": Row(VIEWER, Scope.SCRIPT),
    "GET /api/logs/{script_id}/{run_id}": Row(VIEWER, Scope.RUN),
    "GET /api/stats": Row(VIEWER, Scope.FILTERED),
    "GET /api/notifications": Row(VIEWER, Scope.FILTERED),
    "POST /api/notifications/test": Row(EDITOR, Scope.BODY, {"script": "etl/load"}),
    "GET /api/folders": Row(VIEWER),
    "POST /api/folders": Row(EDITOR),
    "PUT /api/folders/{path}": Row(EDITOR),
    "DELETE /api/folders/{path}": Row(EDITOR),
    "GET /api/tree": Row(VIEWER),
    "GET /api/plan": Row(VIEWER),
    "POST /api/reconcile": Row(ADMIN),
    "GET /api/keys": Row(ADMIN),
    "POST /api/keys": Row(ADMIN),
    "DELETE /api/keys/{key_id}": Row(ADMIN),
    "GET /api/secrets": Row(ADMIN),
    "POST /api/secrets": Row(ADMIN),
    "GET /api/secrets/{name}": Row(ADMIN),
    "PUT /api/secrets/{name}": Row(ADMIN),
    "DELETE /api/secrets/{name}": Row(ADMIN),
    "GET /api/hooks": Row(EDITOR, Scope.FILTERED),
    "POST /api/hooks/{script_id}": Row(EDITOR, Scope.SCRIPT),
    "DELETE /api/hooks/{script_id}": Row(EDITOR, Scope.SCRIPT),
    "GET /hooks/{token}": Row(None),
    "POST /hooks/{token}": Row(None),
    "GET /api/audit": Row(ADMIN),
    "WS /ws": Row(VIEWER, Scope.FILTERED),
}


class Way(StrEnum):
    """How somebody comes in."""

    KEY = "key"
    PASSWORD = "password"
    SESSION = "session"
    FOREIGN = "session, used by a page of another site"


@dataclass(frozen=True)
class Caller:
    """Somebody of a role; with a key for all scripts, for those below etl, or for others."""

    role: Role | None
    scripts: tuple[str, ...] = ()
    way: Way = Way.KEY

    def __str__(self) -> str:
        if self.role is None:
            return "nobody"
        return f"{self.role.word} by {self.way} for {', '.join(self.scripts) or 'all'}"

    @property
    def name(self) -> str:
        """Return a name of the account that is this caller's alone."""
        return f"{self.role}-{self.way.name}"


NOBODY = Caller(None)
MATCHING, OTHER = ("etl/*",), ("web/*",)
CALLERS = (
    NOBODY,
    *(Caller(role, scripts) for role in Role for scripts in ((), MATCHING, OTHER)),
    *(Caller(role, way=way) for role in Role for way in Way if way is not Way.KEY),
)
LET_IN = "let in"
READING = {"GET", "MOUNT"}


def expected(route: str, caller: Caller) -> str | int:
    """Return what the table says of a cell."""
    row = ROWS[route]
    if caller.way is Way.FOREIGN and route.partition(" ")[0] not in READING:
        return LET_IN if row.role is None and not row.own_pages else 403
    if row.role is None:
        return LET_IN
    if caller.role is None:
        return 401
    if row.for_people if caller.way is Way.KEY else row.for_keys:
        return 403
    if caller.role < row.role:
        return 403
    return LET_IN if not caller.scripts else expected_of_some(row.scope, caller.scripts)


def expected_of_some(scope: Scope, scripts: tuple[str, ...]) -> str | int:
    if scope is Scope.FILTERED or (scope is not Scope.WHOLE and scripts == MATCHING):
        return LET_IN
    return 404 if scope is Scope.RUN else 403


def names_of(route: BaseRoute) -> Iterator[str]:
    """Give a route's names in the table, one for each method."""
    path = re.sub(r"\{(\w+):\w+\}", r"{\1}", getattr(route, "path", ""))
    if isinstance(route, WebSocketRoute):
        yield f"WS {path}"
    elif isinstance(route, Mount):
        yield f"MOUNT {path}"
    elif isinstance(route, Route) or hasattr(route, "methods"):
        yield from (f"{method} {path}" for method in sorted(route.methods) if method != "HEAD")
    else:
        yield f"{type(route).__name__} {path}"


def routes_of(app: FastAPI) -> list[str]:
    app.openapi()  # Has all routes put in place.
    return [name for route in app.router.routes for name in names_of(route)]


def test_every_route_has_a_row_and_every_row_a_route(app):
    served, told = set(routes_of(app)), set(ROWS)

    assert sorted(served - told) == [], (
        "add a row for each of these routes to ROWS in tests/api/test_permission_matrix.py: the "
        "least role that may call it, and how a key for some scripts alone fares (Scope)"
    )
    assert sorted(told - served) == [], "these rows of ROWS belong to no route; remove them"


PASSWORD = "correct horse battery"


def admit(engine: FakeEngine) -> dict[Caller, dict[str, str]]:
    """Make keys, users and sessions; returns with which headers each caller comes."""
    headers: dict[Caller, dict[str, str]] = {NOBODY: {}}
    for number, caller in enumerate(CALLERS):
        if caller.role is None:
            continue
        if caller.way is Way.KEY:
            headers[caller] = {"X-API-Key": f"key of {caller}"}
            continue
        name = caller.name
        engine.users.kept[name.lower()] = User(
            name=name, role=caller.role, password=f"hash of {PASSWORD}", created=NOON
        )
        if caller.way is Way.PASSWORD:
            credentials = b64encode(f"{name}:{PASSWORD}".encode()).decode()
            headers[caller] = {"Authorization": f"Basic {credentials}"}
            continue
        randomness = bytes([number]) * (ID_BYTES + SECRET_BYTES)
        session, secret = open_session(
            user=name, agent="", address="", now=NOON, randomness=randomness
        )
        engine.sessions.kept[session.id] = session
        headers[caller] = {"Cookie": f"{COOKIE}={secret}"}
        if caller.way is Way.FOREIGN:
            headers[caller] |= {"Origin": "http://other.test", "Sec-Fetch-Site": "cross-site"}
    return headers


@pytest.fixture
def reach(app, engine):
    """Call a route as somebody, and say how far the call came."""
    principals = {
        f"key of {caller}": Principal(name=str(caller), role=caller.role, scripts=caller.scripts)
        for caller in CALLERS
        if caller.role is not None
    }
    before = app.state.keys
    app.state.keys = Keys(principals)
    engine.add(a_script("web/site"))
    headers = admit(engine)

    def ask(route: str, caller: Caller) -> str | int:
        row = ROWS[route]
        method, _, path = route.partition(" ")
        path = re.sub(r"\{(\w+)\}", lambda name: IN_PLACE.get(name[1], "x"), path)
        if method == "WS":
            status = asyncio.run(knock(app, path, headers[caller]))
        else:
            body = row.body or {}
            status = asyncio.run(send(app, method, path, headers=headers[caller], body=body))
        return far(status, row)

    yield ask
    app.state.keys = before


def far(status: int, row: Row) -> str | int:
    """Return how far a call came: to the route's own work, or not."""
    if status in {401, 403} or status >= 500:
        return status
    # A run that is not to be seen cannot be told from one that is not there.
    return status if status == 404 and row.scope is Scope.RUN else LET_IN


async def send(
    app: FastAPI, method: str, path: str, *, headers: Mapping[str, str], body: Mapping[str, Any]
) -> int:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        carried = {} if method == "GET" else {"json": body}
        return (await client.request(method, path, headers=headers, **carried)).status_code


async def knock(app: FastAPI, path: str, headers: Mapping[str, str]) -> int:
    """Open a WebSocket; 101 when it stays open, else the status that its end stands for."""
    said: list[dict[str, Any]] = []
    coming = iter(({"type": "websocket.connect"},))

    async def listen() -> dict[str, Any]:
        # Whoever listens has let the caller in, who goes away then.
        return next(coming, {"type": "websocket.disconnect", "code": 1000})

    async def tell(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws",
        "server": ("test", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [
            (b"host", b"test"),
            *((name.lower().encode(), value.encode()) for name, value in headers.items()),
        ],
        "subprotocols": [],
        "state": {},
        "extensions": {"websocket.http.response": {}},
    }
    await asyncio.wait_for(app(scope, listen, tell), 10)
    opened = said[0]["type"] == "websocket.accept"
    ends = [message["code"] for message in said if message["type"] == "websocket.close"]
    # A browser learns no status, so it is told by the code of the end (4401, 4403); a socket
    # that is closed before it is open is answered with 403 (ASGI, WebSocket).
    return ends[0] - 4000 if opened and ends else 101 if opened else said[0].get("status", 403)


@pytest.mark.parametrize("route", ROWS)
def test_every_caller_comes_as_far_as_the_table_says(reach, route):
    assert {str(caller): reach(route, caller) for caller in CALLERS} == {
        str(caller): expected(route, caller) for caller in CALLERS
    }


@pytest.mark.parametrize("route", [route for route, row in ROWS.items() if row.role is not None])
def test_who_is_refused_has_changed_nothing(reach, engine, route):
    for caller in CALLERS:
        if expected(route, caller) != LET_IN:
            reach(route, caller)

    assert engine.asked == []
