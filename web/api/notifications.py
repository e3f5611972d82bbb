"""Notifications: what was told, what waits to be told, and a test of the way there."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from engine.errors import InvalidInput
from engine.model.identity import ScriptId
from engine.ports import NoticeFilter
from schemas import api_notifications as api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.notification_shapes import notification_shape, tested_shape
from web.api.paths import PREFIX
from web.dependencies import AnyViewer, CurrentEngine, Cursor, Limit, requires
from web.errors import HttpProblem
from web.permissions import Principal, Role

router = APIRouter(prefix=PREFIX, tags=["notifications"])

AnyEditor = Annotated[Principal, Depends(requires(Role.EDITOR, filtered=True))]


@router.get(
    "/notifications",
    response_model=api.NotificationList,
    summary="List notifications",
    responses=problems(),
)
async def list_notifications(
    engine: CurrentEngine,
    viewer: AnyViewer,
    script: Annotated[str | None, Query(max_length=1_000, description="Only of this one")] = None,
    state: Annotated[api.State | None, Query(description="Only in this state")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List what people were told in the last 30 days or are to be told, newest first."""
    which = NoticeFilter(
        script=ScriptId(script) if script is not None else None,
        scripts=viewer.scripts,
        state=state,
    )
    page = await engine.deliveries(which, limit=limit, cursor=cursor)
    return json_answer(
        api.NotificationList(
            items=tuple(notification_shape(each) for each in page.items),
            next_cursor=page.next_cursor,
        )
    )


@router.post(
    "/notifications/test",
    response_model=api.TestAnswer,
    summary="Send a test notification",
    responses=problems(404),
)
async def test_notification(
    engine: CurrentEngine, editor: AnyEditor, body: api.TestRequest
) -> Response:
    """Tell a script's targets, or one target, that this is a test; say how that went.

    It is tried once and at once. What the other side answered is in `detail`.
    """
    if (body.script is None) == (body.to is None):
        raise InvalidInput("give a script whose targets are to be told, or a target in 'to'")
    if editor.scripts and (body.script is None or not editor.may_see(body.script)):
        raise HttpProblem(
            HTTPStatus.FORBIDDEN,
            "forbidden",
            f"this key is for the scripts {', '.join(editor.scripts)} alone",
        )
    tried = await engine.test_notification(body.script, to=body.to)
    return json_answer(api.TestAnswer(items=tuple(map(tested_shape, tried))))
