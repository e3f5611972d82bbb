"""Tell what a trigger that is not saved yet would mean: in words, and by its coming times."""

from collections.abc import Mapping
from datetime import datetime

from engine.model.identity import ScriptId
from engine.model.status import TriggerPreview
from engine.schedule.cron import check
from engine.schedule.describe import describe
from engine.schedule.preview import coming
from engine.spec.unsaved import unsaved_trigger

_NO_SCRIPT = ScriptId("")


def preview_trigger(
    item: Mapping[str, object], *, default_zone: str, from_: datetime, count: int
) -> TriggerPreview:
    """Return at most `count` times after `from_`, soonest first; pure.

    `item` is what an item of `triggers` in a script.yaml says. Raises InvalidCron and
    InvalidInput.
    """
    trigger = unsaved_trigger(item, default_zone, check)
    found = coming([trigger], _NO_SCRIPT, from_=from_, count=count)
    return TriggerPreview(description=describe(trigger), coming=tuple(each.local for each in found))
