"""Send a shape as it is.

The framework would validate and copy a page of runs a second time; a response that
is bytes already goes out untouched, while `response_model` still documents it.
"""

from http import HTTPStatus

from fastapi import Response
from pydantic import BaseModel


def json_answer(body: BaseModel, status: int = HTTPStatus.OK, *, sparse: bool = False) -> Response:
    """Answer with a shape; `sparse` leaves out keys that were not given a value."""
    return Response(
        body.model_dump_json(exclude_unset=sparse),
        status_code=status,
        media_type="application/json",
    )
