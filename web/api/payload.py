"""The body of a trigger call, read with a bound: more than the cap is never held in memory."""

from http import HTTPStatus

from fastapi import Request

from web.errors import HttpProblem

PAYLOAD_LIMIT = 1_000_000
"""Bytes."""


async def read_payload(request: Request) -> bytes | None:
    """Return the body, None when it is empty. Raises a 413 problem as soon as it is too large."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > PAYLOAD_LIMIT:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > PAYLOAD_LIMIT:
            raise _too_large()
    return bytes(body) or None


def _too_large() -> HttpProblem:
    return HttpProblem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "payload_too_large",
        f"the body may have {PAYLOAD_LIMIT} bytes at most; put larger data where the script "
        "can fetch it and send its address",
    )
