"""The files of a script: list, read, write and remove them.

Whoever edits sends the ETag of the version they know, and is told the version there is
when somebody else was faster. A file is written byte for byte as it was sent.
"""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from engine.errors import ChangedMeanwhile
from engine.model.file import Precondition, entity_tags
from schemas import api_files as api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.file_shapes import edited_file_shape, file_list_shape, removed_shape
from web.api.paths import FILES, PREFIX
from web.api.payload import read_body
from web.api.preconditions import conflict, precondition, tagged
from web.dependencies import CurrentEngine, Editor, Viewer
from web.errors import MEDIA_TYPE
from web.guards.marks import takes_upload

router = APIRouter(prefix=PREFIX, tags=["files"])

FILE = FILES + "/{path:path}"
BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
CONFLICT: dict[int | str, dict[str, Any]] = {
    412: {
        "description": "Precondition Failed. The file is another version: both are told",
        "model": api.Conflict,
        "content": {MEDIA_TYPE: {}},
    }
}

IfMatch = Annotated[
    str | None,
    Header(max_length=1_000, description="The ETag of the version that is meant; `*` for any"),
]
IfNoneMatch = Annotated[
    str | None,
    Header(max_length=1_000, description="ETags of versions not wanted; `*` for none at all"),
]


@router.get(
    FILES, response_model=api.FileList, summary="List a script's files", responses=problems(404)
)
async def list_files(script_id: str, engine: CurrentEngine, _viewer: Viewer) -> Response:
    """List the files in a script's directory by path, at most 2,000.

    Hidden ones are among them; links and what programs make for themselves (`.venv`, `.git`,
    `__pycache__`) are not.
    """
    return json_answer(file_list_shape(await engine.files(script_id)))


@router.get(
    FILE,
    response_class=Response,
    summary="Read a file",
    responses={
        200: {
            "content": {"text/plain": {"schema": {"type": "string"}}, "*/*": BYTES},
            "description": "The bytes of the file, and its `ETag`",
        },
        304: {"description": "Not Modified. `If-None-Match` names the version there is"},
        **problems(404, 413),
    },
)
async def read_file(
    script_id: str,
    path: str,
    engine: CurrentEngine,
    _viewer: Viewer,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Give a file byte for byte: as text when it is UTF-8, else as `application/octet-stream`."""
    wanted = Precondition(none_match=entity_tags(if_none_match))
    found = await engine.file(script_id, path)
    headers = {
        "ETag": found.info.etag or "",
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    if not wanted.allows(found.info.etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(found.content, media_type=_media_type(found.content), headers=headers)


@router.put(
    FILE,
    response_model=api.EditedFile,
    summary="Write a file",
    responses={
        201: {"model": api.EditedFile, "description": "The file was not there before"},
        **problems(404, 413, 503, 507),
        **CONFLICT,
    },
    openapi_extra={"requestBody": {"description": "The file's bytes", "content": {"*/*": BYTES}}},
)
@takes_upload
async def write_file(  # noqa: PLR0913  one parameter a part of the request
    *,
    script_id: str,
    path: str,
    request: Request,
    engine: CurrentEngine,
    editor: Editor,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Write a file with the body as it is, the directories on its way too, whole or not at all.

    It is in force when the answer comes; a mistake in it is among the `problems` and leaves the
    last good definition in force. With `If-Match` it is written only over that version, with
    `If-None-Match: *` only where there is none.
    """
    try:
        found = await engine.write_file(
            script_id,
            path,
            await read_body(request, engine.largest_file, "change the bound `server.max_file`"),
            precondition=precondition(if_match, if_none_match),
            requested_by=editor.name,
        )
    except ChangedMeanwhile as error:
        raise conflict(error, if_match or if_none_match) from error
    status = HTTPStatus.CREATED if found.result.created else HTTPStatus.OK
    return tagged(json_answer(edited_file_shape(found), status), found.info.etag)


@router.delete(
    FILE,
    response_model=api.Removed,
    summary="Remove a file",
    responses=problems(404, 413, 503) | CONFLICT,
)
async def remove_file(
    script_id: str,
    path: str,
    engine: CurrentEngine,
    editor: Editor,
    if_match: IfMatch = None,
) -> Response:
    """Remove a file; with `If-Match` only if it is that version.

    With neither a main file nor a `script.yaml` left, the script is gone.
    """
    try:
        found = await engine.remove_file(
            script_id, path, precondition=precondition(if_match), requested_by=editor.name
        )
    except ChangedMeanwhile as error:
        raise conflict(error, if_match) from error
    return json_answer(removed_shape(found))


def _media_type(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "application/octet-stream" if "\0" in text else "text/plain; charset=utf-8"
