"""What the OpenAPI document says of failures, so that every route tells its own."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from schemas.api import ProblemDetails
from web.errors import MEDIA_TYPE

MEANINGS: Mapping[int, str] = {
    401: "No API key or login, or one that is not known",
    403: "The role does not allow this, or another site's page sent it",
    404: "No such script, run, trigger, key, user or secret",
    408: "The body did not arrive in time",
    409: "The state of the script or tree does not allow it, a name is taken, or a newer request "
    "took this one's place",
    412: "Precondition Failed: it is another version than the one meant",
    413: "The body, or the file, is too large",
    416: "The range begins behind the end of the output",
    422: "A value cannot be used; `errors` names it",
    429: "Too often within a minute; `Retry-After` says when to try again",
    502: "A program that the request needs cannot be run",
    503: "A part the request needs is down for the moment, or files cannot be written",
    507: "The disk is full; nothing was changed",
}

ALWAYS = frozenset({422, 429})
ASKED_FOR_A_KEY = frozenset({401, 403})
OF_A_BODY = (408, 413)
"""What the guard may answer to a request with a body."""


def problems(*statuses: int, known: bool = True) -> dict[int | str, dict[str, Any]]:
    """Document the given failures of a route, and those of every route.

    `known`: those of every route that asks for a key come along too.
    """
    always = ASKED_FOR_A_KEY | ALWAYS if known else ALWAYS
    return {
        status: {
            "description": f"{HTTPStatus(status).phrase}. {MEANINGS[status]}",
            "model": ProblemDetails,
            "content": {MEDIA_TYPE: {}},
        }
        for status in sorted({*always, *statuses})
    }


def tell_of_models(document: dict[str, Any], models: Iterable[type[BaseModel]]) -> None:
    """Document the models that routes read by themselves, among those of signatures."""
    told = {model.__name__: model.model_json_schema() for model in models}
    schemas = document["components"]["schemas"] | told
    document["components"]["schemas"] = dict(sorted(schemas.items()))


def tell_of_bodies(operations: Iterable[dict[str, Any]]) -> None:
    """Document, of each operation that takes a body, what the guard may answer to it."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    for operation in operations:
        if "requestBody" in operation:
            for status in OF_A_BODY:
                operation["responses"][str(status)] = {
                    "description": f"{HTTPStatus(status).phrase}. {MEANINGS[status]}",
                    "content": content,
                }
