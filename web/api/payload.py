"""The body of a request, read with a bound of the route's own below the guard's."""

import asyncio
from http import HTTPStatus
from typing import Any, Final, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from web.errors import HttpProblem, invalid

Model = TypeVar("Model", bound=BaseModel)

LONGEST_AT_ONCE: Final = 256 * 1024
"""Bytes that are parsed on the loop: what is longer would hold up everybody else."""


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


async def read_model(request: Request, model: type[Model], limit: int, advice: str) -> Model:
    """Return the body as the route's model. For a route that must know first who asks.

    The framework reads and parses the body that a signature names before anything else of the
    route, on the loop, however long it is and whoever sent it. What cannot be used is told as
    it tells it.
    """
    if not _says_json(request):
        raise RequestValidationError([{"type": "model_type", "loc": ("body",), "msg": ""}])
    body = await read_body(request, limit, advice)
    try:
        if len(body) > LONGEST_AT_ONCE:
            return await asyncio.to_thread(model.model_validate_json, body)
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _unusable(error) from None


def _says_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def _unusable(error: ValidationError) -> Exception:
    found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return invalid("body", f"this is no JSON: {found[0].get('ctx', {}).get('error')}")
    return RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found])


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return what the OpenAPI document says of a route that reads its body as this model."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _too_large(limit: int, advice: str) -> HttpProblem:
    return HttpProblem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "payload_too_large",
        f"the body may have {limit} bytes at most; {advice}",
    )
