"""Secrets: list them, add, change and remove them; their values only come in."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Response

from schemas import secrets
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.api.secret_shapes import secret_shape
from web.dependencies import Admin, CurrentEngine

router = APIRouter(prefix=PREFIX, tags=["secrets"])

Name = Annotated[str, Path(description="Of a secret, such as DB_PASSWORD", max_length=1_000)]


@router.get(
    "/secrets", response_model=secrets.SecretList, summary="List secrets", responses=problems(503)
)
async def list_secrets(engine: CurrentEngine, _admin: Admin) -> Response:
    """List the secrets by name, with who may have them and when they were last used."""
    return json_answer(
        secrets.SecretList(items=tuple(secret_shape(one) for one in engine.secrets.all()))
    )


@router.post(
    "/secrets",
    status_code=HTTPStatus.CREATED,
    response_model=secrets.Secret,
    summary="Add a secret",
    responses=problems(409, 503),
)
async def create_secret(
    engine: CurrentEngine, admin: Admin, body: secrets.CreateSecretRequest
) -> Response:
    """Keep a new secret, sealed; scripts refer to it as `${secret:NAME}` in their `env`."""
    made = await engine.secrets.add(
        body.name,
        body.value.get_secret_value(),
        scripts=body.scripts,
        description=body.description,
        by=admin.name,
    )
    return json_answer(secret_shape(made), HTTPStatus.CREATED)


@router.get(
    "/secrets/{name}",
    response_model=secrets.Secret,
    summary="Read about a secret",
    responses=problems(404, 503),
)
async def read_secret(name: Name, engine: CurrentEngine, _admin: Admin) -> Response:
    """Tell all of one secret but its value."""
    return json_answer(secret_shape(engine.secrets.find(name)))


@router.put(
    "/secrets/{name}",
    response_model=secrets.Secret,
    summary="Change a secret",
    responses=problems(404, 503),
)
async def change_secret(
    name: Name, engine: CurrentEngine, admin: Admin, body: secrets.ChangeSecretRequest
) -> Response:
    """Change value, scripts or description; runs that start from now on get the new value."""
    changed = await engine.secrets.change(
        name,
        value=None if body.value is None else body.value.get_secret_value(),
        scripts=body.scripts,
        description=body.description,
        by=admin.name,
    )
    return json_answer(secret_shape(changed))


@router.delete(
    "/secrets/{name}",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    summary="Remove a secret",
    responses=problems(404, 503),
)
async def remove_secret(name: Name, engine: CurrentEngine, _admin: Admin) -> Response:
    """Remove a secret; runs of scripts that refer to it fail at their start from now on."""
    await engine.secrets.remove(name)
    return Response(status_code=HTTPStatus.NO_CONTENT)
