"""The settings in force, where each comes from, and changes of `pysched.yaml`."""

from fastapi import APIRouter, Response

from engine.errors import InvalidSettings
from schemas import api_settings as api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.api.setting_shapes import is_other, setting_list
from web.dependencies import Admin, CurrentEngine

router = APIRouter(prefix=PREFIX, tags=["server"])


@router.get(
    "/settings", response_model=api.SettingList, summary="Settings in force", responses=problems()
)
async def list_settings(engine: CurrentEngine, _admin: Admin) -> Response:
    """Tell what each setting is, where it was given, and what it will be after a restart.

    Secrets are not told.
    """
    now = engine.settings
    try:
        return json_answer(setting_list(now, await engine.settings_file.next()))
    except InvalidSettings as error:
        return json_answer(setting_list(now, now, str(error)))


@router.put(
    "/settings",
    response_model=api.SettingsChanged,
    summary="Change pysched.yaml",
    responses=problems(503, 507),
)
async def change_settings(
    engine: CurrentEngine, _admin: Admin, body: api.ChangeSettings
) -> Response:
    """Write keys into `pysched.yaml`, or take them out; all else of the file stays as it is.

    They take effect at the next start. Only a file without mistakes is written.
    """
    change = await engine.settings_file.change(body.values, body.reset)
    after = await engine.settings_file.next()
    return json_answer(
        api.SettingsChanged(
            written=change.written,
            restart_needed=is_other(engine.settings, after),
            overridden=dict(change.overridden),
        )
    )
