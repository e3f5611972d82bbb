"""One request and its answer, as they pass the guard.

Bodies are counted as they come, so that a length that lies, or none, is no way around the
limit, and the time for all of a body is bounded. How much a route takes is known once it was
found, which is always before it reads. Whatever the route makes of a body that ends early,
the caller gets the refusal.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from schemas.quantities import format_duration, format_size
from web.errors import HttpProblem, answer
from web.guards.headers import dressed
from web.guards.marks import may_upload

SHORT: Final = 5
"""Digits of the length of a body that may be read and thrown away: less than 100 KB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """Bytes and seconds."""

    most: int = 256_000
    most_upload: int = 10_000_000
    seconds: float = 60.0


class BodyRefused(ClientDisconnect):
    """Ends the reading of a body as if the caller had gone; the exchange answers in its place."""


class Exchange:
    """Stands between the server and the application for one request."""

    __slots__ = (
        "_deadline",
        "_gives_up",
        "_limits",
        "_most",
        "_receive",
        "_seen",
        "_send",
        "_whole",
        "began",
        "refusal",
        "request_id",
        "scope",
        "status",
    )

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, *, limits: BodyLimits, request_id: str
    ) -> None:
        self.scope = scope
        self.request_id = request_id
        self.status = 0
        """Of the answer; 0 until it begins."""
        self.refusal: HttpProblem | None = None
        """What the guard answers in the route's place."""
        self._receive = receive
        self._send = send
        self._limits = limits
        self._whole = False
        self._gives_up = False
        self._seen = 0
        self._most: int | None = None
        self._deadline = 0.0

    async def receive(self) -> Message:
        """Return what comes next, as the server has it. Raises BodyRefused."""
        if self._whole:
            return await self._receive()
        if self._most is None:
            self._begin_body()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            return self._refuse(self._too_slow())
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._seen > (self._most or 0):
                return self._refuse(self._too_large())
        return message

    async def send(self, message: Message) -> None:
        """Send what the route answers, or the refusal in its place."""
        if message["type"] == "http.response.start":
            if self.refusal is not None and not self.status:
                await answer(self.refusal, self.scope)(self.scope, self._receive, self._dress)
                return
            await self._dress(message)
        elif self.refusal is None:
            await self._send(message)

    async def refuse(self, problem: HttpProblem) -> None:
        """Answer in the route's place; the application is not asked."""
        self.refusal = problem
        await answer(problem, self.scope)(self.scope, self._receive, self._dress)

    async def _dress(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            if self._gives_up or (not self._whole and _has_more(self.scope)):
                headers.append((b"connection", b"close"))
            message["headers"] = dressed(
                headers,
                path=self.scope["path"],
                scheme=self.scope["scheme"],
                request_id=self.request_id.encode(),
            )
        await self._send(message)

    def _begin_body(self) -> None:
        upload = may_upload(self.scope.get("endpoint"))
        self._most = self._limits.most_upload if upload else self._limits.most
        self._deadline = asyncio.get_running_loop().time() + self._limits.seconds
        declared = _declared(self.scope)
        if declared > self._most:
            self._refuse(self._too_large())

    def _refuse(self, problem: HttpProblem) -> Any:
        if self.status:
            # The answer is on its way already; all that can be done is to hang up.
            return {"type": "http.disconnect"}
        self.refusal = problem
        self._gives_up = True
        raise BodyRefused(str(problem))

    def _too_large(self) -> HttpProblem:
        return HttpProblem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "payload_too_large",
            f"the body may have {format_size(self._most or 0)} at most here; put larger data where "
            "a script can fetch it, or raise the bound: server.max_body, or server.max_upload for "
            "files and payloads",
        )

    def _too_slow(self) -> HttpProblem:
        seconds = format_duration(timedelta(seconds=self._limits.seconds))
        return HttpProblem(
            HTTPStatus.REQUEST_TIMEOUT, "body_too_slow", f"the body did not arrive within {seconds}"
        )


def _has_more(scope: Scope) -> bool:
    """Say whether a body may follow that is not worth reading for the next request's sake."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and len(value) > SHORT)
        for name, value in scope["headers"]
    )


def _declared(scope: Scope) -> int:
    """Return the length that the headers announce, 0 for none."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0
