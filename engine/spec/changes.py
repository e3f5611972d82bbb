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
    TimedTrigger,
    Trigger,
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
_DEFAULT_ZONE = "UTC"


def script_fields(script: Script) -> dict[str, str]:
    """Return every field that is set beside the triggers, named like `limits.timeout`."""
    flat: dict[str, str] = {}
    for field in fields(script):
        value = getattr(script, field.name)
        if field.name == "environment":
            flat |= _present("python", value.python)
            flat |= _present("requirements", value.requirements.replace("\n", ", ") or None)
        elif field.name not in {"id", "triggers"}:
            flat |= dict(_flatten(field.name, value))
    return flat


def changes(before: Script | None, after: Script | None) -> tuple[FieldChange, ...]:
    """Return the fields that differ, those of triggers last; None is no script."""
    old = script_fields(before) if before else {}
    new = script_fields(after) if after else {}
    return (*_differences(old, new), *_trigger_changes(before, after))


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[FieldChange]:
    for name in dict.fromkeys([*new, *old]):
        if old.get(name) != new.get(name):
            yield FieldChange(name, old.get(name), new.get(name))


def _trigger_changes(before: Script | None, after: Script | None) -> Iterator[FieldChange]:
    """Compare triggers by their key, which names what it says unless it has a name."""
    old = {trigger.key: trigger for trigger in before.triggers} if before else {}
    new = {trigger.key: trigger for trigger in after.triggers} if after else {}
    for key in dict.fromkeys([*new, *old]):
        was, will = old.get(key), new.get(key)
        fields_of = _every_field if type(was) is type(will) else _what_it_says
        yield from _differences(fields_of(was), fields_of(will))


def _every_field(trigger: Trigger | None) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value, _ in _values(trigger):
        flat |= dict(_flatten(name, value))
    return flat


def _what_it_says(trigger: Trigger | None) -> dict[str, str]:
    """Return a trigger that is new or gone: its kind on one line, then what is not default."""
    if trigger is None:
        return {}
    whole, kind = f"triggers[{trigger.key}]", kind_of(trigger)
    said = {whole: kind}
    for name, value, default in _values(trigger):
        if name == f"{whole}.{kind}":
            said[whole] = f"{kind} {_text(name, value)}"
        elif value != default:
            said |= dict(_flatten(name, value))
    return said


def _values(trigger: Trigger | None) -> Iterator[tuple[str, Any, Any]]:
    """Yield full name, value and default, what is particular to the kind first."""
    if trigger is None:
        return
    for field in sorted(fields(trigger), key=lambda field: field.name in _SHARED):
        if field.name != "key":
            word = _TRIGGER_WORDS.get((type(trigger), field.name), field.name)
            default = _DEFAULT_ZONE if field.name == "timezone" else field.default
            yield f"triggers[{trigger.key}].{word}", getattr(trigger, field.name), default


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
