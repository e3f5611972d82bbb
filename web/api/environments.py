"""The environment of a script: what is in it, how its build went, building it anew."""

from dataclasses import replace
from http import HTTPStatus

from fastapi import APIRouter, Response

from schemas import api_environments as api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX, SCRIPT
from web.api.shapes import environment_details_shape
from web.dependencies import CurrentEngine, Editor, Viewer

router = APIRouter(prefix=PREFIX, tags=["environments"])


@router.get(
    SCRIPT + "/environment",
    response_model=api.EnvironmentDetails,
    summary="Environment of a script",
    responses=problems(404),
)
async def script_environment(script_id: str, engine: CurrentEngine, viewer: Viewer) -> Response:
    """Tell which Python and packages the script's runs use, and how the newest build went.

    After a build that failed the older environment stays in use: `message` says why it failed,
    and `build_log` all that the tool said.
    """
    found = await engine.environment(script_id)
    visible = tuple(script for script in found.used_by if viewer.may_see(script))
    return json_answer(environment_details_shape(replace(found, used_by=visible)))


@router.post(
    SCRIPT + "/environment/rebuild",
    status_code=HTTPStatus.ACCEPTED,
    response_model=api.RebuildStarted,
    summary="Build the environment anew",
    responses=problems(404),
)
async def rebuild_environment(script_id: str, engine: CurrentEngine, editor: Editor) -> Response:
    """Resolve the script's requirements anew and install them into a fresh environment.

    Runs use the old one until the new one is ready, and go on using it if the build fails. A
    build that goes on already is not begun again. Other scripts with equal requirements get the
    new environment too.
    """
    scripts = await engine.rebuild_environment(script_id, requested_by=editor.name)
    visible = tuple(script for script in scripts if editor.may_see(script))
    return json_answer(api.RebuildStarted(scripts=visible), HTTPStatus.ACCEPTED)
