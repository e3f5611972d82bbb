"""Is the server well, and which one is it."""

import platform
from functools import cache
from http import HTTPStatus
from importlib.metadata import version

from fastapi import APIRouter, Response

from engine.model.status import Health
from schemas import api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.dependencies import AnyViewer, Caller, CurrentEngine
from web.permissions import Role

router = APIRouter(prefix=PREFIX, tags=["server"])


@router.get(
    "/health",
    response_model=api.Health,
    response_model_exclude_unset=True,
    summary="Health",
    responses={
        503: {"model": api.Health, "description": "A part does not work"},
        401: problems(known=True)[401],
    },
)
async def health(engine: CurrentEngine, caller: Caller) -> Response:
    """Say whether all parts work; without a key only that, and which do not."""
    found = engine.health()
    told = caller is not None and caller.may(Role.VIEWER) and not caller.scripts
    body = api.Health(status="ok")
    if found.failing:
        body = api.Health(status="failing", failing=tuple(found.failing))
    if told:
        body = body.model_copy(update={"details": _details(found)})
    status = HTTPStatus.SERVICE_UNAVAILABLE if found.failing else HTTPStatus.OK
    return json_answer(body, status, sparse=True)


@router.get(
    "/version", response_model=api.Version, summary="Version of the server", responses=problems()
)
async def server_version(_caller: AnyViewer) -> Response:
    """Say which version answers, and on which Python it runs."""
    return json_answer(api.Version(version=program_version(), python=platform.python_version()))


@cache
def program_version() -> str:
    return version("pysched")


def _details(health: Health) -> api.HealthDetails:
    return api.HealthDetails(
        scripts=health.scripts,
        problems=health.problems,
        queued=health.queued,
        running=health.running,
        revision=health.revision,
        failing=dict(health.failing),
        degraded=dict(health.degraded),
        limits=dict(health.limits),
    )
