"""The defaults that editors show are those that the engine uses."""

from dataclasses import MISSING, fields

import pytest

from engine.model.script import Keep, Limits, Retry, Script
from engine.model.trigger import AfterTrigger, TimedTrigger, UrlTrigger
from schemas.generate import json_schema
from schemas.manifest import KeepFields, LimitFields, RetryFields, ScriptManifest
from schemas.triggers import AfterOptions, CronFields, UrlOptions

DIFFERENT = {"env", "limits", "keep", "max_parallel", "triggers"}
"""A mapping there is pairs here; a section that is not written is filled in."""


@pytest.mark.parametrize(
    ("described", "used"),
    [
        (ScriptManifest, Script),
        (LimitFields, Limits),
        (RetryFields, Retry),
        (KeepFields, Keep),
        (CronFields, TimedTrigger),
        (UrlOptions, UrlTrigger),
        (AfterOptions, AfterTrigger),
    ],
)
def test_a_default_is_described_as_it_is_used(described, used):
    defaults = {field.name: field.default for field in fields(used) if field.default is not MISSING}
    shown = {
        name: field.get_default(call_default_factory=True)
        for name, field in described.model_fields.items()
        if name in defaults and name not in DIFFERENT
    }

    assert {name: tuple(v) if isinstance(v, list) else v for name, v in shown.items()} == {
        name: defaults[name] for name in shown
    }


def test_the_schema_shows_durations_as_files_write_them():
    assert json_schema("script")["$defs"]["RetryFields"]["properties"]["delay"]["default"] == "10s"
