"""The WebSocket at `/ws`: who may open one, and how it ends.

A browser cannot be told by a status code why a WebSocket was refused, so all are accepted
and those that may not be are closed at once with a code and a sentence.
"""

import asyncio
import logging
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final, NamedTuple, cast

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from engine.errors import EngineError
from web.dependencies import accounts_of, principal_of
from web.errors import HttpProblem
from web.live import words
from web.live.connection import Connection
from web.live.hub import Hub
from web.live.wishes import Complaint, read_wishes
from web.origin import from_own_page
from web.permissions import Principal
from web.service import Service

logger = logging.getLogger(__name__)
router = APIRouter()

SEND_SECONDS: Final = 30.0
"""After which a client that takes nothing is let go."""
CLOSE_SECONDS: Final = 2.0
_LONGEST_REASON: Final = 120
"""Bytes; a close frame has room for 123 (RFC 6455 §5.5)."""


class Closing(NamedTuple):
    """Why a connection is ended, as the client is told."""

    code: int
    reason: str


UNAUTHORIZED: Final = 4401
CROSS_ORIGIN: Final = 4403
OVERLOAD: Final = 1013
INTERNAL_ERROR: Final = 1011
_CODES: Final = {
    HTTPStatus.FORBIDDEN: CROSS_ORIGIN,
    HTTPStatus.TOO_MANY_REQUESTS: OVERLOAD,
}
TOO_SLOW: Final = Closing(OVERLOAD, f"nothing was read for {SEND_SECONDS:g} s")
NO_LONGER: Final = Closing(UNAUTHORIZED, "the key or session ended, or may do other things now")
FAILED: Final = Closing(INTERNAL_ERROR, "the server met an error it did not expect")


@router.websocket("/ws")
async def live(socket: WebSocket) -> None:
    """Tell of runs, output, the tree and environments as they change."""
    hub = cast("Hub", socket.app.state.live)
    admitted = await _admit(socket, hub)
    await socket.accept()
    if isinstance(admitted, Closing):
        await _close(socket, admitted)
        return
    connection = Connection(
        hub,
        cast("Service", socket.app.state.engine),
        admitted,
        send=lambda text: _send(socket, text),
        still_valid=lambda: _still(socket, admitted),
    )
    hub.join(connection)
    try:
        closing = await _serve(socket, connection)
    finally:
        hub.leave(connection)
    if closing is not None:
        await _close(socket, closing)


async def _admit(socket: WebSocket, hub: Hub) -> Principal | Closing:
    """Return who connects, or why that may not be."""
    # Whatever it shows: a page of another site has no business here even with a key.
    if not from_own_page(socket.headers, accounts_of(socket).public):
        return Closing(CROSS_ORIGIN, "a page of another site may not connect")
    try:
        principal = await principal_of(socket)
    except HttpProblem as problem:
        return Closing(_CODES.get(problem.status, UNAUTHORIZED), problem.detail)
    except EngineError as error:
        return Closing(OVERLOAD, str(error))
    if principal is None:
        return Closing(UNAUTHORIZED, "log in, or send an API key in the header X-API-Key")
    refusal = hub.refusal(principal)
    return principal if refusal is None else Closing(OVERLOAD, refusal)


async def _still(socket: WebSocket, principal: Principal) -> bool:
    """Say whether who connected would still be let in, and as the same."""
    try:
        # Nobody uses a session by leaving a page open: it would never be over for want of use.
        return await principal_of(socket, used=False) == principal
    except HttpProblem:
        return False
    except EngineError as error:
        # A disk that cannot be read for the moment is no reason to send everybody away.
        logger.warning("a connection cannot be checked", extra={"error": str(error)})
        return True


async def _serve(socket: WebSocket, connection: Connection) -> Closing | None:
    """Return why the connection is to be closed; None when the client did it."""
    expiry = asyncio.create_task(connection.expired.wait())
    tasks: set[asyncio.Task[Any]] = {
        asyncio.create_task(_receive(socket, connection)),
        asyncio.create_task(connection.tell()),
        expiry,
    }
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if expiry in done:
        return NO_LONGER
    failures = [error for task in done if (error := task.exception()) is not None]
    return _closing(failures[0]) if failures else None


def _closing(error: BaseException) -> Closing | None:
    match error:
        case WebSocketDisconnect():
            return None
        case TimeoutError():
            return TOO_SLOW
        case _:
            logger.error("a connection failed unexpectedly", exc_info=error)
            return FAILED


async def _receive(socket: WebSocket, connection: Connection) -> None:
    """Take messages one by one: the next is read when the client took the answer to the last."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        if text is None:
            await _send(socket, words.of_complaint(Complaint("invalid_message", "send text")))
        else:
            await connection.answer(read_wishes(text))


async def _send(socket: WebSocket, text: str) -> None:
    """Send when the client can take more. Raises TimeoutError when it does not for long."""
    async with asyncio.timeout(SEND_SECONDS):
        await socket.send_text(text)


async def _close(socket: WebSocket, closing: Closing) -> None:
    reason = closing.reason.encode()[:_LONGEST_REASON].decode(errors="ignore")
    with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(closing.code, reason)
