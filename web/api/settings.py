"""The settings in force, and where each comes from."""

from fastapi import APIRouter, Response

from schemas import api_settings as api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.api.setting_shapes import setting_shapes
from web.dependencies import Admin, CurrentEngine

router = APIRouter(prefix=PREFIX, tags=["server"])


@router.get(
    "/settings", response_model=api.SettingList, summary="Settings in force", responses=problems()
)
async def list_settings(engine: CurrentEngine, _admin: Admin) -> Response:
    """Tell what each setting is and where it was given; secrets are not told.

    They are those of the last start: what was changed since in `pysched.yaml` or the
    environment takes effect at the next one.
    """
    return json_answer(api.SettingList(items=setting_shapes(engine.settings)))
