"""Settle what holds for a script from what it says itself and what its folders say.

The nearest word counts: script.yaml, then the nearest folder.yaml, outwards to
the root's. Sections and `env` are settled key by key, lists as a whole.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from schemas.settings_notifications import NotificationSettings

SECTIONS = frozenset({"env", "limits", "retry", "notify", "keep"})


def written(manifest: BaseModel) -> dict[str, Any]:
    """Return the keys that a file writes, with their values; sections as mappings of theirs."""
    values = manifest.__dict__
    said: dict[str, Any] = {}
    for key in manifest.model_fields_set:
        value = values[key]
        if key in SECTIONS and isinstance(value, BaseModel):
            value = {name: value.__dict__[name] for name in value.model_fields_set}
        said[key] = value
    return said


def told_by_default(notifications: NotificationSettings) -> dict[str, Any]:
    """Return what `pysched.yaml` says of `notify`, as the outermost layer."""
    if not notifications.to:
        return {}
    when = {} if notifications.when is None else {"when": notifications.when}
    return {"notify": {"to": notifications.to, **when}}


def settle(layers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge layers, the outermost first. A section that is null drops what is further out."""
    settled: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            outer = settled.get(key)
            if key in SECTIONS and outer and value is not None:
                settled[key] = {**outer, **value}
            else:
                settled[key] = value
    return settled
