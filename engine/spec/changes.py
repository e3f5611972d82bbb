"""Say what a script asks for in the words of its manifest, and what differs from before."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from engine.model.plan import FieldChange
from engine.model.script import Script
from engine.model.trigger import (
    AfterTrigger,
    AtTrigger,
    CronTrigger,
    EveryTrigger,
    FilesTrigger,
    StartupTrigger,
    TimedTrigger,
    Trigger,
    UrlTrigger,
    kind_of,
)
from schemas.quantities import format_duration, format_size

_SIZES = frozenset({"memory", "output"})
_TRIGGER_WORDS: Mapping[tuple[type[Trigger], str], str] = {
    (CronTrigger, "expression"): "cron",
    (EveryTrigger, "interval"): "every",
    (AtTrigger, "moment"): "at",
    (AfterTrigger, "script"): "after",
    (FilesTrigger, "pattern"): "files",
}
"""Where the model has another name for a field than the manifest."""

_SHARED = frozenset(field.name for field in fields(TimedTrigger))
"""Shown after what is particular to the kind."""


def script_fields(script: Script) -> dict[str, str]:
    """Return every field that is set, named like `limits.timeout` and `triggers[nightly].cron`."""
    flat: dict[str, str] = {}
    for field in fields(script):
        value = getattr(script, field.name)
        if field.name == "triggers":
            for trigger in script.triggers:
                flat |= _trigger_fields(trigger)
        elif field.name == "environment":
            flat |= _present("python", value.python)
            flat |= _present("requirements", value.requirements.replace("\n", ", ") or None)
        elif field.name != "id":
            flat |= dict(_flatten(field.name, value))
    return flat


def changes(before: Script | None, after: Script | None) -> tuple[FieldChange, ...]:
    """Return the fields that differ, in the order of the manifest; None is no script."""
    old = script_fields(before) if before else {}
    new = script_fields(after) if after else {}
    return tuple(
        FieldChange(name, old.get(name), new.get(name))
        for name in dict.fromkeys([*new, *old])
        if old.get(name) != new.get(name)
    )


def _trigger_fields(trigger: Trigger) -> dict[str, str]:
    prefix = f"triggers[{trigger.key}]"
    flat: dict[str, str] = {}
    if isinstance(trigger, StartupTrigger | UrlTrigger):
        flat[f"{prefix}.{kind_of(trigger)}"] = "true"
    for field in sorted(fields(trigger), key=lambda field: field.name in _SHARED):
        if field.name != "key":
            name = _TRIGGER_WORDS.get((type(trigger), field.name), field.name)
            flat |= dict(_flatten(f"{prefix}.{name}", getattr(trigger, field.name)))
    return flat


def _flatten(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if hasattr(value, "__dataclass_fields__"):
        for field in fields(value):
            yield from _flatten(f"{name}.{field.name}", getattr(value, field.name))
    elif name.endswith("env"):
        for variable, text in value:
            yield f"{name}.{variable}", text
    else:
        text = _text(name, value)
        if text is not None:
            yield name, text


def _text(name: str, value: Any) -> str | None:
    if value is None or value in ("", ()):
        return None
    if name.rsplit(".", 1)[-1] in _SIZES:
        return format_size(value)
    return next(write(value) for kind, write in _WRITERS if isinstance(value, kind))


_WRITERS: tuple[tuple[type[Any], Callable[[Any], str]], ...] = (
    (bool, lambda value: str(value).lower()),
    (timedelta, format_duration),
    (datetime, datetime.isoformat),
    (tuple, lambda value: json.dumps(value, ensure_ascii=False)),
    (float, lambda value: f"{value:.15g}"),
    (object, str),
)


def _present(name: str, value: str | None) -> dict[str, str]:
    return {} if value is None else {name: value}
