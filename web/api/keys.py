"""API keys: list them, give one out, take one back."""

import secrets
from http import HTTPStatus
from typing import cast

from fastapi import APIRouter, Request, Response

from engine.model.account import SECRET_BYTES, issue_key, role_of
from schemas import accounts
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.api.shapes import key_shape, new_key_shape
from web.dependencies import Admin, CurrentEngine, Now
from web.guards.marks import note
from web.permissions import Keys

router = APIRouter(prefix=PREFIX, tags=["keys"])


@router.get(
    "/keys", response_model=accounts.ApiKeyList, summary="List API keys", responses=problems()
)
async def list_keys(engine: CurrentEngine, _admin: Admin) -> Response:
    """List the keys that were given out, by name; secrets are kept nowhere."""
    return json_answer(
        accounts.ApiKeyList(items=tuple(key_shape(key) for key in engine.keys.all()))
    )


@router.post(
    "/keys",
    status_code=HTTPStatus.CREATED,
    response_model=accounts.NewApiKey,
    summary="Give out an API key",
    responses=problems(409, 503),
)
async def create_key(
    request: Request,
    engine: CurrentEngine,
    _admin: Admin,
    now: Now,
    body: accounts.CreateKeyRequest,
) -> Response:
    """Make a key; its secret is in this answer and is never shown again."""
    key, secret = issue_key(
        name=body.name,
        role=role_of(body.role),
        scripts=body.scripts,
        expires=body.expires,
        now=now,
        randomness=secrets.token_bytes(SECRET_BYTES),
    )
    note(request, key_id=key.id, name=key.name)
    await engine.keys.add(key)
    _keys(request).read_again()
    return json_answer(new_key_shape(key, secret), HTTPStatus.CREATED)


@router.delete(
    "/keys/{key_id}",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    summary="Take an API key back",
    responses=problems(404, 503),
)
async def remove_key(
    key_id: str, request: Request, engine: CurrentEngine, _admin: Admin
) -> Response:
    """Remove a key: the next request with it is refused."""
    await engine.keys.remove(key_id)
    _keys(request).read_again()
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _keys(request: Request) -> Keys:
    return cast("Keys", request.app.state.keys)
