"""The keys of script.yaml, folder.yaml and pysched.yaml, from their models."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any, cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.config import NAMED_VARIABLES
from schemas.manifest import (
    FolderManifest,
    KeepFields,
    LimitFields,
    NotifyFields,
    RetryFields,
    ScriptManifest,
)
from schemas.quantities import format_duration, format_size
from schemas.settings import SECTIONS, SettingsFile
from schemas.triggers import MODELS, AfterOptions, TimedFields, TriggerFields, UrlOptions
from tools.reference.kinds import kind
from tools.reference.table import table

FIRST = ("name", "description", "triggers")
"""Keys that a reader looks for first."""
HEAD = ("key", "takes", "default", "meaning")
SECTION_MODELS: dict[str, type[BaseModel]] = {
    "limits": LimitFields,
    "retry": RetryFields,
    "notify": NotifyFields,
    "keep": KeepFields,
}
SIZES = {"output", "memory"}


def blocks() -> dict[str, str]:
    """Return the tables of the three files, by the names of their blocks."""
    return {
        "script-keys": _keys(ScriptManifest),
        "folder-keys": _keys(FolderManifest),
        **{f"{name}-keys": _keys(model) for name, model in SECTION_MODELS.items()},
        "trigger-keys": _keys(TriggerFields),
        "timed-keys": _keys(TimedFields, TriggerFields.model_fields),
        "kind-keys": _kinds(),
        "settings-keys": _settings(),
    }


def _kinds() -> str:
    rows = [
        (f"`{name}`", ", ".join(f"`{key}`" for key in own if key != name) or "none", _says(model))
        for name, model in MODELS.items()
        for own in [_own(model)]
    ]
    rows += [
        (f"`url: {{{key}: …}}`", kind(prop), field.description or "")
        for key, field, prop in _fields(UrlOptions)
    ]
    rows += [
        (f"`after: {{{key}: …}}`", kind(prop), field.description or "")
        for key, field, prop in _fields(AfterOptions)
    ]
    return table(("kind", "further keys or values", "meaning"), rows)


def _own(model: type[TriggerFields]) -> list[str]:
    inherited = TimedFields if issubclass(model, TimedFields) else TriggerFields
    return [key for key in model.model_fields if key not in inherited.model_fields]


def _says(model: type[TriggerFields]) -> str:
    name = next(kind_ for kind_, found in MODELS.items() if found is model)
    return model.model_fields[name].description or ""


def _settings() -> str:
    rows: list[tuple[str, ...]] = []
    for section in ("", *SECTIONS):
        model = _section(section) if section else SettingsFile
        for key, field, prop in _fields(model):
            if section or key not in SECTIONS:
                name = f"{section}.{key}" if section else key
                rows.append((f"`{name}`", kind(prop), _default(key, field), _meaning(name, field)))
    return table(HEAD, rows)


def _section(name: str) -> type[BaseModel]:
    model = SettingsFile.model_fields[name].annotation
    if not isinstance(model, type) or not issubclass(model, BaseModel):
        raise TypeError(f"{name} is no section")
    return model


def _meaning(name: str, field: FieldInfo) -> str:
    own = next((variable for variable, key in NAMED_VARIABLES.items() if key == name), None)
    return f"{field.description} Also `{own}`." if own else field.description or ""


def _keys(model: type[BaseModel], without: Collection[str] = ()) -> str:
    return table(
        HEAD,
        (
            (f"`{key}`", _kind(prop), _default(key, field), field.description or "")
            for key, field, prop in _fields(model)
            if key not in without
        ),
    )


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, dict[str, Any]]]:
    properties = model.model_json_schema()["properties"]
    fields = model.model_fields
    for key in sorted(fields, key=lambda key: FIRST.index(key) if key in FIRST else len(FIRST)):
        yield key, fields[key], properties[key]


def _kind(prop: dict[str, Any]) -> str:
    """Return the words for a value; a section has a chapter of its own on the page."""
    words = kind(prop)
    return "mapping, see below" if words.startswith("[") else words


def _default(key: str, field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if key == "max_concurrent":
        return "`auto`"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    return f"`{_written(key, value)}`"


def _written(key: str, value: Any) -> str:
    if isinstance(value, timedelta):
        return format_duration(value)
    if key in SIZES and isinstance(value, int):
        return format_size(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(str, cast('list[object]', value)))}]"
    return '""' if value == "" else str(value)
