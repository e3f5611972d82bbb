"""The folders of the tree: list, create, change and remove them."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Body, Query, Response

from engine.errors import ChangedMeanwhile
from schemas import api_scripts as shapes
from schemas import api_tree as api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.files import CONFLICT, IfMatch
from web.api.paths import PREFIX
from web.api.preconditions import conflict, precondition, tagged
from web.api.script_edits import INVALID, Discard
from web.api.shapes import folder_shape
from web.dependencies import CurrentEngine, Editor, Viewer

router = APIRouter(prefix=PREFIX, tags=["tree"])


@router.get("/folders", response_model=api.FolderList, summary="List folders", responses=problems())
async def list_folders(engine: CurrentEngine, _viewer: Viewer) -> Response:
    """List all folders by path, with their defaults and how many scripts they hold.

    The root of the tree is among them only if it has a `folder.yaml`.
    """
    found = await engine.folders()
    return json_answer(api.FolderList(items=tuple(folder_shape(one) for one in found)))


@router.post(
    "/folders",
    status_code=HTTPStatus.CREATED,
    response_model=api.Folder,
    summary="Create a folder",
    responses=problems(409, 503, 507) | INVALID,
)
async def create_folder(
    engine: CurrentEngine, editor: Editor, body: shapes.CreateFolderRequest
) -> Response:
    """Create a folder with a `folder.yaml`, in a commit by who asked for it."""
    made = await engine.create_folder(
        body.path,
        changes={key: value for key, value in body.manifest.items() if value is not None},
        requested_by=editor.name,
    )
    answer = json_answer(folder_shape(made), HTTPStatus.CREATED)
    answer.headers["Location"] = f"{PREFIX}/folders/{quote(made.path)}"
    return answer


@router.put(
    "/folders/{path:path}",
    response_model=api.Folder,
    summary="Change keys of a folder",
    responses=problems(404, 503, 507) | INVALID | CONFLICT,
)
async def change_folder(
    path: str,
    engine: CurrentEngine,
    editor: Editor,
    body: Annotated[shapes.ManifestKeys, Body(examples=[{"limits": {"timeout": "5m"}}])],
    if_match: IfMatch = None,
) -> Response:
    """Give keys of `folder.yaml` other values for all scripts below; `null` takes one out.

    Nothing else of the file changes. What would be a mistake in it is refused and not written;
    what it means for the scripts below shows in theirs. The empty path is the tree's root.
    """
    try:
        folder, etag = await engine.change_folder(
            path, body, precondition=precondition(if_match), requested_by=editor.name
        )
    except ChangedMeanwhile as error:
        raise conflict(error, if_match) from error
    return tagged(json_answer(folder_shape(folder)), etag)


@router.delete(
    "/folders/{path:path}",
    response_model=shapes.Deleted,
    summary="Remove a folder",
    responses=problems(404, 409, 503, 507),
)
async def remove_folder(
    path: str,
    engine: CurrentEngine,
    editor: Editor,
    *,
    recursive: Annotated[bool, Query(description="With all that is in it")] = False,
    discard: Discard = False,
) -> Response:
    """Remove a folder, in a commit, so that git can bring it back.

    One that holds more than its `folder.yaml` is refused (409), unless `recursive` says that all
    in it goes too: then as with a script.
    """
    scripts, result = await engine.remove_folder(
        path, recursive=recursive, discard=discard, requested_by=editor.name
    )
    return json_answer(shapes.Deleted(scripts=tuple(scripts), commit=result.commit))
