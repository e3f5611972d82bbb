"""What a trigger would do, before it is written into a file."""

from fastapi import APIRouter, Response

from schemas import api_triggers as api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.dependencies import CurrentEngine, Viewer
from web.guards.marks import only_asks

router = APIRouter(prefix=PREFIX, tags=["scripts"])


@router.post(
    "/preview",
    response_model=api.Preview,
    summary="Coming occurrences of an unsaved trigger",
    responses=problems(),
)
@only_asks
async def preview_trigger(
    body: api.PreviewRequest, engine: CurrentEngine, _viewer: Viewer
) -> Response:
    """Say in words what a trigger means, and when it would fire next; nothing is saved.

    `trigger` is one item of `triggers` in a `script.yaml`. One that would be refused there is
    refused here in the same words, with the code `invalid_cron` or `invalid_input`. A trigger
    without due times, such as `startup`, and one that is not enabled have no `next`.
    """
    found = await engine.preview(dict(body.trigger), from_=body.from_, count=body.count)
    return json_answer(
        api.Preview(
            description=found.description, next=tuple(due.isoformat() for due in found.coming)
        )
    )
