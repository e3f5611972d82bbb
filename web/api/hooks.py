"""Hooks: give out and take back the secret addresses of scripts, and answer them.

A hook is for callers that can send no header, such as the webhooks of other services. Its
address alone opens it, and it opens one thing: the script's url trigger.
"""

import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from engine.errors import NotFound
from engine.model.hook import TOKEN_BYTES, issue_hook
from schemas import api, audit
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.api.payload import read_payload
from web.api.start import PAYLOAD, WAITED, IdempotencyKey, Wait, started
from web.api.wait import seconds_of
from web.dependencies import AnyEditor, CurrentEngine, Editor, Now
from web.guards.marks import acts, note, opens_by_address, takes_upload
from web.guards.rates import hold_to_trigger_rate
from web.service import Service

router = APIRouter(tags=["hooks"])

HOOK = "/hooks/{token}"
OF_SCRIPT = PREFIX + "/hooks/{script_id:script_id}"
Token = Annotated[str, Path(description="What `POST /api/hooks/{script_id}` answered")]


@dataclass(frozen=True, slots=True)
class HookCaller:
    """Who called a hook: nobody knows, but it was a holder of this script's token."""

    name: str
    kind: str = "hook"


@router.get(
    PREFIX + "/hooks", response_model=audit.HookList, summary="List hooks", responses=problems()
)
async def list_hooks(engine: CurrentEngine, editor: AnyEditor) -> Response:
    """List the scripts that have a hook; tokens are kept nowhere."""
    found = [hook for hook in engine.hooks() if editor.may_see(hook.script)]
    items = tuple(audit.Hook(script=hook.script, created=hook.created) for hook in found)
    return json_answer(audit.HookList(items=items))


@router.post(
    OF_SCRIPT,
    status_code=HTTPStatus.CREATED,
    response_model=audit.NewHook,
    summary="Give out a hook",
    responses=problems(404, 503),
)
async def create_hook(script_id: str, engine: CurrentEngine, _editor: Editor, now: Now) -> Response:
    """Make a script's secret address; it is shown this once, and an earlier one is closed.

    The script needs a trigger `url: {token: true}`.
    """
    hook, token = issue_hook(script=script_id, now=now, randomness=secrets.token_bytes(TOKEN_BYTES))
    await engine.put_hook(hook)
    body = audit.NewHook(
        script=script_id, created=hook.created, token=token, path=HOOK.format(token=token)
    )
    return json_answer(body, HTTPStatus.CREATED)


@router.delete(
    OF_SCRIPT,
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    summary="Take a hook back",
    responses=problems(404, 503),
)
async def remove_hook(script_id: str, engine: CurrentEngine, _editor: Editor) -> Response:
    """Close a script's secret address; the next call of it finds nothing."""
    await engine.remove_hook(script_id)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get(
    HOOK,
    status_code=HTTPStatus.ACCEPTED,
    response_model=api.RunRequested,
    summary="Call a hook",
    responses=problems(404, 409, 503, known=False) | WAITED,
)
@acts
@opens_by_address
async def call_by_get(
    token: Token,
    request: Request,
    engine: CurrentEngine,
    wait: Wait = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Fire the url trigger of the script whose token this is."""
    seconds = seconds_of(wait)
    script_id = _script(request, engine, token)
    run_id = await engine.trigger_by_hook(script_id, idempotency_key=idempotency_key)
    return await started(request, engine, run_id, seconds)


@router.post(
    HOOK,
    status_code=HTTPStatus.ACCEPTED,
    response_model=api.RunRequested,
    summary="Call a hook with a payload",
    responses=problems(404, 409, 503, known=False) | WAITED,
    openapi_extra=PAYLOAD,
)
@takes_upload
@opens_by_address
async def call_by_post(
    token: Token,
    request: Request,
    engine: CurrentEngine,
    wait: Wait = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Fire the url trigger of the script whose token this is, and hand it the body."""
    seconds = seconds_of(wait)
    # First, so that nobody without a token has a body read.
    script_id = _script(request, engine, token)
    run_id = await engine.trigger_by_hook(
        script_id, payload=await read_payload(request), idempotency_key=idempotency_key
    )
    return await started(request, engine, run_id, seconds)


def _script(request: Request, engine: Service, token: str) -> str:
    script_id = engine.hooked(token)
    if script_id is None:
        raise NotFound("there is no such hook")
    request.scope["principal"] = HookCaller(f"hook of {script_id}")
    note(request, script_id=script_id)
    hold_to_trigger_rate(request, "hook", script_id)
    return script_id
