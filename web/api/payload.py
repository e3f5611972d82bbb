"""The body of a request, read with a bound: more than the cap is never held in memory."""

from http import HTTPStatus

from fastapi import Request

from web.errors import HttpProblem

PAYLOAD_LIMIT = 1_000_000
"""Bytes."""


async def read_payload(request: Request) -> bytes | None:
    """Return the body, None when it is empty. Raises a 413 problem as soon as it is too large."""
    advice = "put larger data where the script can fetch it and send its address"
    return await read_body(request, PAYLOAD_LIMIT, advice) or None


async def read_body(request: Request, limit: int, advice: str) -> bytes:
    """Return the body of at most `limit` bytes; the refusal of a larger one ends in the advice."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit, advice)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit, advice)
    return bytes(body)


def _too_large(limit: int, advice: str) -> HttpProblem:
    return HttpProblem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "payload_too_large",
        f"the body may have {limit} bytes at most; {advice}",
    )
