"""The history of one script, for who knows the script and not its runs."""

from fastapi import APIRouter, Response

from engine.errors import NotFound
from engine.model.identity import ScriptId
from engine.ports import RunFilter
from schemas import api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.api.runs import Moment, Reason, Statuses, Words, run_list
from web.api.shapes import run_shape
from web.dependencies import CurrentEngine, Cursor, Limit, Viewer

router = APIRouter(prefix=PREFIX, tags=["runs"])

LOGS = "/logs/{script_id:script_id}"


# Before the list, whose script id would take in the run's.
@router.get(
    LOGS + "/{run_id:run_id}",
    response_model=api.Run,
    summary="One run of a script",
    responses=problems(404),
)
async def script_run(
    script_id: str, run_id: str, engine: CurrentEngine, _viewer: Viewer
) -> Response:
    """Tell everything that is kept of a run, if it is one of this script."""
    run = engine.run(run_id)
    if run.script != script_id:
        raise NotFound(f"{script_id} has no run {run_id!r}")
    waits_for = engine.waiting_reasons([run_id])
    return json_answer(run_shape(run, waits_for.get(run_id)))


@router.get(
    LOGS, response_model=api.RunList, summary="List the runs of a script", responses=problems(404)
)
async def script_runs(  # noqa: PLR0913  one parameter a filter of the contract
    *,
    script_id: str,
    engine: CurrentEngine,
    _viewer: Viewer,
    status: Statuses = None,
    trigger: Reason = None,
    since: Moment | None = None,
    until: Moment | None = None,
    q: Words = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List the runs of a script, newest first, as `GET /api/runs` does with `script`.

    Those of a script that is gone are told for as long as they are kept.
    """
    which = RunFilter(
        script=ScriptId(script_id),
        status=[one.value for one in status] if status else None,
        trigger=trigger,
        since=since,
        until=until,
        query=q,
    )
    page = engine.runs(which, limit=limit, cursor=cursor)
    if not page.items:
        engine.script(script_id)
    return json_answer(run_list(engine, page))
