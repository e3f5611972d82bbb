"""Scripts: list them, look at one, see its ledger and what is coming."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from engine.model.status import ScriptStatus
from schemas import api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX, SCRIPT
from web.api.script_page import script_page_json
from web.api.shapes import coming_shape, occurrence_shape, script_shape
from web.dependencies import AnyViewer, CurrentEngine, Cursor, Limit, Viewer

router = APIRouter(prefix=PREFIX, tags=["scripts"])


@router.get("/scripts", response_model=api.ScriptList, summary="List scripts", responses=problems())
async def list_scripts(  # noqa: PLR0913  one parameter a filter of the contract
    *,
    engine: CurrentEngine,
    viewer: AnyViewer,
    q: Annotated[str | None, Query(max_length=200, description="Part of name or id")] = None,
    status: Annotated[ScriptStatus | None, Query()] = None,
    folder: Annotated[str | None, Query(max_length=1_000, examples=["api-calls"])] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List scripts by id, each with its state, its last run and its next."""
    page = engine.scripts(
        q=q,
        status=status.value if status else None,
        folder=folder,
        patterns=viewer.scripts,
        limit=limit,
        cursor=cursor,
    )
    return Response(script_page_json(page), media_type="application/json")


@router.get(SCRIPT, response_model=api.Script, summary="One script", responses=problems(404))
async def one_script(script_id: str, engine: CurrentEngine, _viewer: Viewer) -> Response:
    """Tell everything that is known of a script."""
    return json_answer(script_shape(engine.script(script_id)))


@router.get(
    SCRIPT + "/next",
    response_model=api.ComingList,
    summary="Coming occurrences",
    responses=problems(404),
)
async def coming_occurrences(
    script_id: str,
    engine: CurrentEngine,
    _viewer: Viewer,
    n: Annotated[int, Query(ge=1, le=100, description="How many")] = 5,
) -> Response:
    """Tell when the script's triggers fire next, soonest first."""
    coming = engine.coming(script_id, n)
    return json_answer(api.ComingList(items=tuple(coming_shape(one) for one in coming)))


@router.get(
    SCRIPT + "/occurrences",
    response_model=api.OccurrenceList,
    summary="The ledger: why did it run, or not?",
    responses=problems(404),
)
async def past_occurrences(
    script_id: str,
    engine: CurrentEngine,
    _viewer: Viewer,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List every scheduled moment of the script with what became of it, newest first."""
    page = engine.occurrences(script_id, limit=limit, cursor=cursor)
    return json_answer(
        api.OccurrenceList(
            items=tuple(occurrence_shape(one) for one in page.items),
            next_cursor=page.next_cursor,
        )
    )
