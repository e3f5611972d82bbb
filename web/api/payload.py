"""The body of a request, read with a bound of the route's own below the guard's."""

from http import HTTPStatus

from fastapi import Request

from web.errors import HttpProblem


async def read_payload(request: Request) -> bytes | None:
    """Return the body, None when it is empty; the guard bounds it."""
    return await request.body() or None


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
