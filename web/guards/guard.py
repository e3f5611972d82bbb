"""The guard in front of the application: one layer that every request passes.

It decides what can be decided before a route is found (is the address text, is the name one
of ours, does this caller ask too often), bounds the body, dresses the answer, and tells the
audit log. It is plain ASGI and one object a request: it has to cost less than 50 µs.
"""

import asyncio
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import Any, cast

from starlette.types import ASGIApp, Receive, Scope, Send

from web.errors import HttpProblem
from web.guards.addresses import Hosts, Proxies, believe, neighbourhood
from web.guards.credentials import Credential, KnownCredentials, credential_of
from web.guards.entries import entry_of
from web.guards.exchange import BodyLimits, Exchange
from web.guards.marks import opens_by_its_address
from web.guards.rates import Limits, Rates, too_many
from web.service import Service

HEALTH = "/api/health"
LOGINS = frozenset({"/api/auth/login", "/login"})
"""Where a POST tries to log in: by the API, and by the form of the page."""
POLICY_VIOLATION = 1008
"""Of RFC 6455, for a WebSocket that is refused."""

_NO_TEXT = re.compile(r"[\x00-\x1f\x7f\ufffd\ud800-\udfff]")
"""Control characters, and what stands for bytes that are not UTF-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardOptions:
    """What the guard holds requests to; by default all are let through but those too large."""

    allowed_hosts: Sequence[str] = ()
    any_host: bool = True
    trusted_proxies: Sequence[str] = ()
    bodies: BodyLimits = field(default_factory=BodyLimits)
    rates: Limits = field(default_factory=Limits)


class Guard:
    """Wraps an application whose `state.engine` keeps the audit log."""

    def __init__(self, app: ASGIApp, options: GuardOptions, rates: Rates) -> None:
        self._app = app
        self._bodies = options.bodies
        self._hosts = Hosts(options.allowed_hosts, everything=options.any_host)
        self._proxies = Proxies(options.trusted_proxies)
        self._rates = rates
        self._known = KnownCredentials()
        self._boot = secrets.token_hex(4)
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = f"{self._boot}-{next(self._numbers):x}"
        scope["request_id"] = request_id
        exchange = Exchange(scope, receive, send, limits=self._bodies, request_id=request_id)
        now = asyncio.get_running_loop().time()
        credential, refusal = self._look_at(scope, now)
        try:
            if refusal is None:
                await self._app(scope, exchange.receive, exchange.send)
            else:
                await exchange.refuse(refusal)
        finally:
            self._learn(scope, exchange.status, credential, now)
            self._tell(scope, exchange)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold the request that a WebSocket begins with to the same rules."""
        now = asyncio.get_running_loop().time()
        credential, refusal = self._look_at(scope, now)
        if refusal is not None:
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        try:
            await self._app(scope, receive, send)
        finally:
            known = scope.get("principal") is not None
            self._learn(scope, HTTPStatus.OK if known else HTTPStatus.UNAUTHORIZED, credential, now)

    def _look_at(self, scope: Scope, now: float) -> tuple[Credential | None, HttpProblem | None]:
        """Return what a request shows to be let in, and why it is not, if it is not."""
        # The first of several is what the routes read.
        headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        proxied = believe(scope, self._proxies, headers)
        credential = credential_of(scope["path"], headers)
        refusal = self._refusal(scope, credential, now)
        if refusal is None and not proxied:
            refusal = self._foreign_name(headers)
        return credential, refusal

    def _foreign_name(self, headers: dict[bytes, bytes]) -> HttpProblem | None:
        host = headers.get(b"host", b"").decode("latin-1")
        if not host or self._hosts.allows(host):
            return None
        return HttpProblem(
            HTTPStatus.MISDIRECTED_REQUEST,
            "unknown_host",
            f"this server is not called {host[:100]!r}. It listens on this machine alone, where a "
            "foreign name may be a web page's trick (DNS rebinding). Behind a proxy, put the name "
            "in server.allowed_hosts or the proxy's address in server.trusted_proxies",
        )

    def _refusal(
        self, scope: Scope, credential: Credential | None, now: float
    ) -> HttpProblem | None:
        path = scope["path"]
        if _NO_TEXT.search(path):
            return HttpProblem(
                HTTPStatus.NOT_FOUND,
                "not_found",
                "nothing is served at this address: it holds control characters or is not UTF-8",
            )
        address = _address(scope)
        holder = self._known.holder(credential)
        if holder is None and credential is not None and credential.is_guess:
            wait = self._rates.failed_keys.wait(address, now)
            if wait:
                return too_many(wait, "unknown keys from this address")
        if path in LOGINS and scope.get("method") == "POST":
            wait = self._rates.login.take(address, now)
            if wait:
                return too_many(wait, "attempts to log in from this address")
        if path == HEALTH:
            return None
        wait = self._rates.api.take(holder or address, now)
        return too_many(wait, "requests") if wait else None

    def _learn(self, scope: Scope, status: int, credential: Credential | None, now: float) -> None:
        """Remember what was let in, and count what was not."""
        if credential is None:
            return
        if _is_unknown(scope, status):
            self._known.forget(credential)
            if credential.is_guess:
                self._rates.failed_keys.take(_address(scope), now)
            return
        principal = scope.get("principal")
        if principal is not None:
            kind = getattr(principal, "kind", "key")
            self._known.remember(credential, f"{kind} {principal.name}")

    def _tell(self, scope: Scope, exchange: Exchange) -> None:
        engine = cast("Service", scope["app"].state.engine)
        entry = entry_of(
            scope, status=exchange.status, request_id=exchange.request_id, now=engine.now
        )
        if entry is not None:
            engine.audit.record(entry)


def _is_unknown(scope: Scope, status: int) -> bool:
    if status == HTTPStatus.NOT_FOUND:
        return opens_by_its_address(scope.get("endpoint"))
    return status == HTTPStatus.UNAUTHORIZED


def _address(scope: Scope) -> str:
    client: Any = scope.get("client")
    return neighbourhood(client[0]) if client else ""
