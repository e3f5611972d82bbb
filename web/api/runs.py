"""Runs: the history with filters, one run, stopping one."""

import asyncio
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from engine.model.identity import ScriptId
from engine.model.run import Run, RunStatus
from engine.ports import Page, RunFilter
from schemas import api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.api.shapes import run_shape
from web.dependencies import AnyViewer, CurrentEngine, Cursor, Limit, Operator, Viewer
from web.service import Service

router = APIRouter(prefix=PREFIX, tags=["runs"])

Moment = Annotated[api.Moment, Query(examples=["2026-11-24T00:00:00Z"])]
Statuses = Annotated[list[RunStatus] | None, Query(description="May be repeated")]
Reason = Annotated[str | None, Query(max_length=500, description="A trigger's key, or a cause")]
Words = Annotated[str | None, Query(max_length=200, description="Words in the output")]


@router.get("/runs", response_model=api.RunList, summary="List runs", responses=problems())
async def list_runs(  # noqa: PLR0913  one parameter a filter of the contract
    *,
    engine: CurrentEngine,
    viewer: AnyViewer,
    script: Annotated[str | None, Query(max_length=1_000)] = None,
    status: Statuses = None,
    trigger: Reason = None,
    since: Moment | None = None,
    until: Moment | None = None,
    q: Words = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List runs, newest first; filters are joined by "and"."""
    which = RunFilter(
        script=ScriptId(script) if script is not None else None,
        scripts=viewer.scripts,
        status=[one.value for one in status] if status else None,
        trigger=trigger,
        since=since,
        until=until,
        query=q,
    )
    if q:
        # Words that stand apart in many outputs and together in few take a quarter of a second.
        page = await asyncio.to_thread(engine.runs, which, limit=limit, cursor=cursor)
    else:
        page = engine.runs(which, limit=limit, cursor=cursor)
    return json_answer(run_list(engine, page))


def run_list(engine: Service, page: Page[Run]) -> api.RunList:
    """Form a page of runs; the queued ones say what they wait for."""
    waits_for = engine.waiting_reasons([run.id for run in page.items])
    return api.RunList(
        items=tuple(run_shape(run, waits_for.get(run.id)) for run in page.items),
        next_cursor=page.next_cursor,
    )


@router.get("/runs/{run_id}", response_model=api.Run, summary="One run", responses=problems(404))
async def one_run(run_id: str, engine: CurrentEngine, _viewer: Viewer) -> Response:
    """Tell everything that is kept of a run beside its output."""
    waits_for = engine.waiting_reasons([run_id])
    return json_answer(run_shape(engine.run(run_id), waits_for.get(run_id)))


@router.post(
    "/runs/{run_id}/cancel",
    status_code=HTTPStatus.ACCEPTED,
    response_model=api.RunRequested,
    summary="Stop a run",
    responses=problems(404, 409, 503),
)
async def cancel_run(run_id: str, engine: CurrentEngine, operator: Operator) -> Response:
    """Ask a queued or running run to stop; it is over when its status says so."""
    await engine.cancel(run_id, requested_by=operator.name)
    return json_answer(api.RunRequested(run_id=run_id), HTTPStatus.ACCEPTED)
