"""Whether the tree is in force."""

from fastapi import APIRouter, Response

from schemas import api_tree as api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.api.shapes import tree_shape
from web.dependencies import CurrentEngine, Viewer

router = APIRouter(prefix=PREFIX, tags=["tree"])


@router.get("/tree", response_model=api.TreeState, summary="Sync state", responses=problems())
async def tree_state(engine: CurrentEngine, _viewer: Viewer) -> Response:
    """Tell which revision is in force, what is wrong in the files, and what waits.

    What a pass would change now is in `GET /api/plan`.
    """
    return json_answer(tree_shape(engine.tree()))
