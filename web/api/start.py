"""Start a script: by hand with arguments, or by its URL trigger with a payload."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from schemas import api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX, SCRIPT
from web.api.payload import read_payload
from web.api.shapes import waited_run_shape
from web.api.wait import seconds_of, wait_for_end
from web.dependencies import CurrentEngine, KeyOperator, Operator
from web.guards.marks import acts, note, takes_upload
from web.guards.rates import hold_to_trigger_rate
from web.permissions import Role
from web.service import Service

router = APIRouter(prefix=PREFIX, tags=["scripts"])

Wait = Annotated[
    str | None,
    Query(
        max_length=20,
        examples=["30s"],
        description="Answer when the run is over, after this long at most",
    ),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1, max_length=255, description="A repeated request with the same key: same run"
    ),
]

PAYLOAD = {
    "requestBody": {
        "description": (
            "Anything, at most `server.max_upload`; the run finds it in the file that "
            "PYSCHED_PAYLOAD names"
        ),
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    }
}
WAITED = {200: {"model": api.WaitedRun, "description": "With `wait`: the run, over"}}


@router.post(
    SCRIPT + "/execute",
    status_code=HTTPStatus.ACCEPTED,
    response_model=api.RunRequested,
    summary="Run now",
    responses=problems(404, 409, 503),
)
async def execute(
    script_id: str,
    request: Request,
    engine: CurrentEngine,
    operator: Operator,
    body: api.ExecuteRequest | None = None,
) -> Response:
    """Queue a run of the script, with more arguments and environment variables if given.

    Variables that can make a run do other things than its script says, such as `PATH`,
    `LD_PRELOAD` or `PYTHONPATH`, take the role editor, unless the script's own `env` has them.
    """
    wanted = body or api.ExecuteRequest()
    run_id = await engine.execute(
        script_id,
        args=wanted.args,
        env=wanted.env,
        may_steer=operator.may(Role.EDITOR),
        requested_by=operator.name,
    )
    note(request, run_id=run_id)
    return json_answer(api.RunRequested(run_id=run_id), HTTPStatus.ACCEPTED)


@router.get(
    SCRIPT + "/trigger",
    status_code=HTTPStatus.ACCEPTED,
    response_model=api.RunRequested,
    summary="Fire the URL trigger",
    responses=problems(404, 409, 503) | WAITED,
)
@acts
async def trigger_by_get(
    script_id: str,
    request: Request,
    engine: CurrentEngine,
    operator: KeyOperator,
    wait: Wait = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Fire the script's `url` trigger; the key comes in a header, never in a cookie."""
    seconds = seconds_of(wait)
    hold_to_trigger_rate(request, operator.name, script_id)
    run_id = await engine.trigger(
        script_id, requested_by=operator.name, idempotency_key=idempotency_key
    )
    return await started(request, engine, run_id, seconds)


@router.post(
    SCRIPT + "/trigger",
    status_code=HTTPStatus.ACCEPTED,
    response_model=api.RunRequested,
    summary="Fire the URL trigger with a payload",
    responses=problems(404, 409, 503) | WAITED,
    openapi_extra=PAYLOAD,
)
@takes_upload
async def trigger_by_post(
    script_id: str,
    request: Request,
    engine: CurrentEngine,
    operator: KeyOperator,
    wait: Wait = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Fire the script's `url` trigger and hand it the body."""
    seconds = seconds_of(wait)
    hold_to_trigger_rate(request, operator.name, script_id)
    run_id = await engine.trigger(
        script_id,
        payload=await read_payload(request),
        requested_by=operator.name,
        idempotency_key=idempotency_key,
    )
    return await started(request, engine, run_id, seconds)


async def started(
    request: Request, engine: Service, run_id: str, seconds: float | None
) -> Response:
    """Answer with the run's id, or after that many seconds at most with the run itself."""
    note(request, run_id=run_id)
    if seconds is None:
        return json_answer(api.RunRequested(run_id=run_id), HTTPStatus.ACCEPTED)
    run = await wait_for_end(request, engine, run_id, seconds)
    waits_for = engine.waiting_reasons([run_id])
    return json_answer(
        waited_run_shape(run, waits_for.get(run_id)),
        HTTPStatus.OK if run.status.final else HTTPStatus.ACCEPTED,
    )
