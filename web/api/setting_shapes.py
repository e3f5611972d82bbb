"""Settings in the shape of the API: each with its default and its origin, without secrets."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.config import OPTIONS, SECRETS
from schemas import api_settings as api
from schemas.settings import SECTIONS, Settings, SettingsFile

MASK = "***"
DESTINATIONS = "notifications.to"
"""Addresses of chat services, which are passwords as a whole."""

_USER = re.compile(r"(?<=://)[^/@\s]+@")
_FILE = re.compile(r".+\.yaml")


def setting_list(now: Settings, after: Settings, mistakes: str | None = None) -> api.SettingList:
    """Form the settings in force beside those of the next start."""
    return api.SettingList(
        items=tuple(_shapes(now, after)),
        restart_needed=is_other(now, after),
        mistakes=mistakes,
    )


def is_other(now: Settings, after: Settings) -> bool:
    """Say whether a restart would bring another value into force."""
    return now.model_dump() != after.model_dump()


def _shapes(now: Settings, after: Settings) -> Iterator[api.Setting]:
    dumped = (now, after, SettingsFile())
    values = [_flat(one.model_dump(mode="json")) for one in dumped]
    for key, field in _fields():
        yield _shape(key, field, [one[key] for one in values], now.origins.get(key))
    for key in SECRETS:
        value = MASK if getattr(now, key) is not None else None
        field = Settings.model_fields[key]
        yield _shape(key, field, [value, value, None], now.origins.get(key))


def _fields() -> Iterator[tuple[str, FieldInfo]]:
    """Yield the keys of the file, such as `server.port`, in its order."""
    for name, field in SettingsFile.model_fields.items():
        if name not in SECTIONS:
            yield name, field
            continue
        section = cast("type[BaseModel]", field.annotation)
        yield from ((f"{name}.{key}", found) for key, found in section.model_fields.items())


def _flat(dumped: dict[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in dumped.items() if name not in SECTIONS}
    for name in SECTIONS:
        found |= {f"{name}.{key}": value for key, value in dumped[name].items()}
    return found


def _shape(key: str, field: FieldInfo, values: Sequence[Any], given_by: str | None) -> api.Setting:
    """Form one setting from its value now, after a restart, and by default."""
    value, after, default = values
    return api.Setting(
        key=key,
        value=_masked(key, value),
        next_value=_masked(key, after),
        default=default,
        source=_source(given_by),
        given_by=given_by,
        description=field.description or "",
    )


def _source(given_by: str | None) -> str:
    if given_by is None:
        return "default"
    if given_by.startswith("--") or given_by in OPTIONS.values():
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
