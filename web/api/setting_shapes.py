"""Settings in the shape of the API: each with its default and its origin, without secrets."""

import re
from collections.abc import Iterator
from typing import Any, cast

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from schemas import api_settings as api
from schemas.settings import SECTIONS, Settings, SettingsFile

MASK = "***"
SECRETS = ("api_key", "smtp_password", "admin_password")
DESTINATIONS = "notifications.to"
"""Addresses of chat services, which are passwords as a whole."""

_USER = re.compile(r"(?<=://)[^/@\s]+@")
_FILE = re.compile(r".+\.yaml")


def setting_shapes(settings: Settings) -> tuple[api.Setting, ...]:
    return tuple(_shapes(settings))


def _shapes(settings: Settings) -> Iterator[api.Setting]:
    values, defaults = settings.model_dump(mode="json"), SettingsFile().model_dump(mode="json")
    fields = SettingsFile.model_fields
    yield _shape("debug", fields["debug"], values["debug"], defaults["debug"], settings)
    for section in SECTIONS:
        model = cast("type[BaseModel]", fields[section].annotation)
        for key, field in model.model_fields.items():
            value, default = values[section][key], defaults[section][key]
            yield _shape(f"{section}.{key}", field, value, default, settings)
    for key in SECRETS:
        secret = cast("SecretStr | None", getattr(settings, key))
        value = MASK if secret is not None else None
        yield _shape(key, Settings.model_fields[key], value, None, settings)


def _shape(key: str, field: FieldInfo, value: Any, default: Any, settings: Settings) -> api.Setting:
    given_by = settings.origins.get(key)
    return api.Setting(
        key=key,
        value=_masked(key, value),
        default=default,
        source=_source(given_by),
        given_by=given_by,
        description=field.description or "",
    )


def _source(given_by: str | None) -> str:
    if given_by is None:
        return "default"
    if given_by.startswith("--"):
        return "command line"
    return "file" if _FILE.fullmatch(given_by) else "environment"


def _masked(key: str, value: Any) -> Any:
    """Return a value without what opens a door elsewhere."""
    if isinstance(value, list):
        return [_masked(key, one) for one in cast("list[Any]", value)]
    if not isinstance(value, str) or "://" not in value:
        return value
    if key == DESTINATIONS:
        return f"{value.partition('://')[0]}://{MASK}"
    return _USER.sub(f"{MASK}@", value)
