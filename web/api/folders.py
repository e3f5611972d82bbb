"""The folders of the tree."""

from fastapi import APIRouter, Response

from schemas import api_tree as api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.api.shapes import folder_shape
from web.dependencies import CurrentEngine, Viewer

router = APIRouter(prefix=PREFIX, tags=["tree"])


@router.get("/folders", response_model=api.FolderList, summary="List folders", responses=problems())
async def list_folders(engine: CurrentEngine, _viewer: Viewer) -> Response:
    """List all folders by path, with their defaults and how many scripts they hold.

    The root of the tree is among them only if it has a `folder.yaml`.
    """
    found = await engine.folders()
    return json_answer(api.FolderList(items=tuple(folder_shape(one) for one in found)))
