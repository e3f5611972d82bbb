"""Help for editors: what is wrong with a text that is not saved, and how it may go on."""

from typing import Final

from fastapi import APIRouter, Request, Response

from engine.model.completion import Completions
from schemas import api_editing as api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.api.payload import body_of, read_model
from web.api.shapes import problem_shapes
from web.dependencies import AnyEditor, CurrentEngine, hold_to_script
from web.guards.marks import only_asks, takes_upload

router = APIRouter(prefix=PREFIX, tags=["editing"])

LARGEST_BODY: Final = 6 * api.LONGEST + 65_536
"""Bytes: each character of the text as an escape of JSON, and what is beside it."""
ADVICE: Final = f"a text may have {api.LONGEST} characters"
BODIES: Final = (api.CheckRequest, api.CompleteRequest)
"""Models that these routes read by themselves, for the document to tell of them."""


@router.post(
    "/check",
    response_model=api.CheckResult,
    summary="Check a text before it is saved",
    responses=problems(404, 409, 502, 503),
    openapi_extra=body_of(api.CheckRequest),
)
@only_asks
@takes_upload
async def check_text(request: Request, engine: CurrentEngine, editor: AnyEditor) -> Response:
    """Tell what would be wrong if a text were saved as a file; nothing is saved or run.

    Python is compiled by the Python of the script, and looked through for mistakes and security
    hints by ruff (its rules F, E9 and S). A `script.yaml`, `folder.yaml`, `pysched.yaml` and
    `requirements.txt` are held to their own rules, inline metadata of the main file too. Lines
    and columns are counted from 1, columns in characters. A request that waits while the same
    caller asks again for the same file is answered with 409.
    """
    body = await read_model(request, api.CheckRequest, LARGEST_BODY, ADVICE)
    hold_to_script(editor, body.script)
    found = await engine.assistance.check(body.script, body.path, body.content, asker=editor.name)
    return json_answer(api.CheckResult(problems=problem_shapes(found)))


@router.post(
    "/complete",
    response_model=api.CompletionList,
    summary="Complete Python",
    responses=problems(404, 409, 503),
    openapi_extra=body_of(api.CompleteRequest),
)
@only_asks
@takes_upload
async def complete_text(request: Request, engine: CurrentEngine, editor: AnyEditor) -> Response:
    """Tell how a Python text may go on at the cursor, with the packages of the script.

    Packages and modules are read and never run. Answers are bounded in time, number and size;
    `note` says why some may be missing. A request that waits while the same caller asks again
    for the same file is answered with 409.
    """
    body = await read_model(request, api.CompleteRequest, LARGEST_BODY, ADVICE)
    hold_to_script(editor, body.script)
    found = await engine.assistance.complete(
        body.script, body.path, body.content, (body.line, body.column), asker=editor.name
    )
    return json_answer(_completions(found))


def _completions(found: Completions) -> api.CompletionList:
    return api.CompletionList(
        items=tuple(
            api.Completion(
                label=one.label,
                kind=one.kind,
                detail=one.detail,
                insert=one.insert,
                replaces=one.replaces,
            )
            for one in found.items
        ),
        note=found.note,
    )
