"""Scripts that are created, changed key by key, and removed."""

from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Body, Query, Request, Response

from engine.errors import ChangedMeanwhile
from schemas import api
from schemas import api_scripts as shapes
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.files import CONFLICT, IfMatch
from web.api.paths import PREFIX, SCRIPT
from web.api.preconditions import conflict, precondition, tagged
from web.api.shapes import script_shape
from web.dependencies import CurrentEngine, Editor
from web.errors import MEDIA_TYPE
from web.guards.marks import note

router = APIRouter(prefix=PREFIX, tags=["scripts"])

INVALID: dict[int | str, dict[str, Any]] = {
    422: {
        "description": "Unprocessable Entity. A value cannot be used; `errors` or `problems` "
        "name it",
        "model": shapes.ManifestProblem,
        "content": {MEDIA_TYPE: {}},
    }
}
Discard = Annotated[
    bool, Query(description="Remove files too that git ignores, which nothing brings back")
]


@router.post(
    "/scripts",
    status_code=HTTPStatus.CREATED,
    response_model=api.Script,
    summary="Create a script",
    responses=problems(409, 503, 507) | INVALID,
)
async def create_script(
    request: Request, engine: CurrentEngine, editor: Editor, body: shapes.CreateScriptRequest
) -> Response:
    """Create a script that runs, with a manifest that editors understand; `Location` names it.

    Its directory is called after the name in small letters, digits and hyphens. It is in force
    when the answer comes, and a commit by who asked for it.
    """
    made = await engine.create_script(
        body.name,
        body.folder,
        changes={key: value for key, value in body.manifest.items() if value is not None},
        code=body.code,
        requested_by=editor.name,
    )
    note(request, script_id=made.id)
    answer = json_answer(script_shape(made), HTTPStatus.CREATED)
    answer.headers["Location"] = f"{PREFIX}/scripts/{quote(made.id)}"
    return answer


@router.put(
    SCRIPT,
    response_model=api.Script,
    summary="Change keys of a script's manifest",
    responses=problems(404, 503, 507) | INVALID | CONFLICT,
)
async def change_script(
    script_id: str,
    engine: CurrentEngine,
    editor: Editor,
    body: Annotated[shapes.ManifestKeys, Body(examples=[shapes.KEYS_EXAMPLE])],
    if_match: IfMatch = None,
) -> Response:
    """Give keys of `script.yaml` other values; `null` takes one out, the others stay as they are.

    Nothing else of the file changes: not its comments, order, quotes and line ends. What would
    be a mistake is refused and not written. `If-Match` takes the ETag of the file, which is in
    the answer too.
    """
    try:
        result = await engine.change_script(
            script_id, body, precondition=precondition(if_match), requested_by=editor.name
        )
    except ChangedMeanwhile as error:
        raise conflict(error, if_match) from error
    return tagged(json_answer(script_shape(engine.script(script_id))), result.etag)


@router.delete(
    SCRIPT,
    response_model=shapes.Deleted,
    summary="Remove a script",
    responses=problems(404, 409, 503, 507),
)
async def remove_script(
    script_id: str, engine: CurrentEngine, editor: Editor, *, discard: Discard = False
) -> Response:
    """Remove a script with its directory, in a commit, so that git can bring it back.

    What was not committed yet is, before. Files that git ignores would be lost: they are a reason
    to refuse (409), unless `discard` says so. Runs that are going end by themselves.
    """
    result = await engine.remove_script(script_id, discard=discard, requested_by=editor.name)
    return json_answer(shapes.Deleted(scripts=(script_id,), commit=result.commit))
