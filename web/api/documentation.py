"""What the OpenAPI document says of failures, so that every route tells its own."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from schemas.api import ProblemDetails
from web.errors import MEDIA_TYPE

MEANINGS: Mapping[int, str] = {
    401: "No API key, or one that is not known",
    403: "The key's role does not allow this",
    404: "No such script, run, trigger or key",
    409: "The state of the script or tree does not allow it, a name is taken, or a newer request "
    "took this one's place",
    412: "Precondition Failed: it is another version than the one meant",
    413: "The body, or the file, is too large",
    416: "The range begins behind the end of the output",
    422: "A value cannot be used; `errors` names it",
    502: "A program that the request needs cannot be run",
    503: "A part the request needs is down for the moment, or files cannot be written",
    507: "The disk is full; nothing was changed",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document the given failures of a route; those of every route with a key come along."""
    return {
        status: {
            "description": f"{HTTPStatus(status).phrase}. {MEANINGS[status]}",
            "model": ProblemDetails,
            "content": {MEDIA_TYPE: {}},
        }
        for status in sorted({401, 403, 422, *statuses})
    }
