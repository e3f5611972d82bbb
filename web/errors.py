"""How a failure becomes an HTTP answer: problem details (RFC 9457), made in this one place.

The table is the only mapping from the engine's errors to status codes. `code`
comes from the error and never changes once released; `detail` is the error's own
sentence. What nobody expected is logged with its context and answered without
any of its insides.
"""

import json
import logging
from collections.abc import Mapping, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from engine.errors import (
    NOTHING_MORE,
    BrokenRepository,
    Busy,
    CannotWrite,
    ChangedMeanwhile,
    CommandFailed,
    EngineError,
    EnvironmentFailed,
    FileTooLarge,
    Forbidden,
    InvalidCron,
    InvalidInput,
    InvalidManifest,
    InvalidSettings,
    KeyReused,
    LastAdmin,
    NameTaken,
    NoSpace,
    NotEmpty,
    NotFound,
    NotRestorable,
    OtherKey,
    Refused,
    Superseded,
    Unavailable,
    UnsafeTree,
    UnusableDatabase,
    UnusableSecretKey,
)
from schemas.api import InvalidField, ProblemDetails

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
NO_JSON = "this cannot be read: it is not UTF-8, nested too deeply, or has a number too long"
CODE_IN_SCOPE = "pysched.code"
"""Where a request's scope has the code of the failure that it was answered with."""

STATUS_CODES: Mapping[type[EngineError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidCron: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidSettings: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidManifest: HTTPStatus.UNPROCESSABLE_ENTITY,
    ChangedMeanwhile: HTTPStatus.PRECONDITION_FAILED,
    FileTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    NotRestorable: HTTPStatus.CONFLICT,
    NotEmpty: HTTPStatus.CONFLICT,
    KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    NameTaken: HTTPStatus.CONFLICT,
    LastAdmin: HTTPStatus.CONFLICT,
    Forbidden: HTTPStatus.FORBIDDEN,
    Refused: HTTPStatus.CONFLICT,
    Superseded: HTTPStatus.CONFLICT,
    UnsafeTree: HTTPStatus.CONFLICT,
    EnvironmentFailed: HTTPStatus.CONFLICT,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    UnusableSecretKey: HTTPStatus.SERVICE_UNAVAILABLE,
    OtherKey: HTTPStatus.SERVICE_UNAVAILABLE,
    UnusableDatabase: HTTPStatus.SERVICE_UNAVAILABLE,
    BrokenRepository: HTTPStatus.SERVICE_UNAVAILABLE,
    CannotWrite: HTTPStatus.SERVICE_UNAVAILABLE,
    NoSpace: HTTPStatus.INSUFFICIENT_STORAGE,
    CommandFailed: HTTPStatus.BAD_GATEWAY,
}


class HttpProblem(Exception):
    """A refusal that exists only in HTTP, such as a missing key.

    `members` are told beside the usual ones (RFC 9457 §3.2).
    """

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[InvalidField] = (),
        members: Mapping[str, object] = NOTHING_MORE,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        self.errors = tuple(errors)
        self.members = members


def status_of(error: EngineError) -> HTTPStatus:
    """Return the status code of an expected failure; a subclass has that of its nearest parent."""
    for kind in type(error).__mro__:
        if kind in STATUS_CODES:
            return STATUS_CODES[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def invalid(field: str, message: str) -> HttpProblem:
    """Form the refusal of one value, `field` being such as `query.wait`."""
    return HttpProblem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "validation_error",
        f"{field}: {message}",
        errors=[InvalidField(field=field, message=message)],
    )


def install(app: FastAPI) -> None:
    """Make every failure of the app a problem document."""
    app.add_exception_handler(HttpProblem, _http_problem)
    app.add_exception_handler(EngineError, _engine_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _framework_error)
    app.add_exception_handler(ClientDisconnect, _caller_gone)
    app.add_exception_handler(Exception, _unexpected_error)


async def _http_problem(request: Request, error: Exception) -> Response:
    return answer(cast("HttpProblem", error), request.scope)


async def _engine_error(request: Request, error: Exception) -> Response:
    expected = cast("EngineError", error)
    status = status_of(expected)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.warning("request failed", extra=_context(request) | {"error": expected.code})
    later = {"Retry-After": str(expected.retry_after)} if isinstance(expected, Unavailable) else {}
    problem = HttpProblem(
        status, expected.code, str(expected), headers=later, members=expected.details
    )
    return answer(problem, request.scope)


async def _validation_error(request: Request, error: Exception) -> Response:
    fields = [_invalid_field(one) for one in cast("RequestValidationError", error).errors()]
    detail = "; ".join(f"{one.field}: {one.message}" for one in fields)
    problem = HttpProblem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "validation_error", detail, errors=fields
    )
    return answer(problem, request.scope)


def _invalid_field(found: Mapping[str, Any]) -> InvalidField:
    """Say what is wrong with a value; of a whole body, also how it is to be sent."""
    where = found["loc"]
    if found["type"] == "json_invalid":
        message = f"this is no JSON: {found['ctx']['error']} at character {where[-1]}"
        return InvalidField(field="body", message=message)
    if where == ("body",) and found["type"].endswith("_type"):
        message = "must be a JSON object, sent with Content-Type: application/json"
        return InvalidField(field="body", message=message)
    return InvalidField(field=".".join(map(str, where)), message=found["msg"])


async def _framework_error(request: Request, error: Exception) -> Response:
    refusal = cast("HTTPException", error)
    status = HTTPStatus(refusal.status_code)
    if status is HTTPStatus.BAD_REQUEST:
        # All that the framework says so of is a body that is JSON by its type alone.
        return answer(invalid("body", NO_JSON), request.scope)
    code = status.name.lower()
    detail = str(refusal.detail)
    if status is HTTPStatus.NOT_FOUND:
        detail = "nothing is served at this address; /api/openapi.json lists what is"
    elif status is HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{request.method} is not possible here; the Allow header says what is"
    return answer(HttpProblem(status, code, detail, headers=refusal.headers), request.scope)


async def _caller_gone(request: Request, _error: Exception) -> Response:
    """Nobody reads this answer; it only keeps a broken connection out of the log of errors."""
    problem = HttpProblem(HTTPStatus.BAD_REQUEST, "caller_gone", "the caller went away")
    return answer(problem, request.scope)


async def _unexpected_error(request: Request, error: Exception) -> Response:
    logger.error("request failed unexpectedly", extra=_context(request), exc_info=error)
    problem = HttpProblem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        "the server met an error it did not expect; its log says more",
    )
    return answer(problem, request.scope)


def _context(request: Request) -> dict[str, Any]:
    # Not the address as it was sent: a hook's secret stands in it.
    asked = request.scope.get("path_params", {})
    return {
        **{name: asked[name] for name in ("script_id", "run_id") if name in asked},
        "method": request.method,
        "route_path": getattr(request.scope.get("route"), "path_format", ""),
        "request_id": request.scope.get("request_id", ""),
    }


def answer(problem: HttpProblem, scope: MutableMapping[str, Any]) -> Response:
    """Return the problem document, and note its code in the request's scope."""
    scope[CODE_IN_SCOPE] = problem.code
    body = ProblemDetails(
        title=problem.status.phrase,
        status=problem.status,
        code=problem.code,
        detail=problem.detail,
        errors=problem.errors or None,
    )
    document = body.model_dump(exclude_none=True) | dict(problem.members)
    return Response(
        json.dumps(document, separators=(",", ":")),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=dict(problem.headers or {}),
    )
