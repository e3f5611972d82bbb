"""Check the triggers of one script: moments, cron expressions, names, themselves."""

from collections.abc import Iterator, Sequence

from engine.document.read import Document
from engine.model.identity import ScriptId, TriggerKey
from engine.model.tree import Problem
from engine.model.trigger import AfterTrigger, CronTrigger, Trigger
from engine.spec.parse import Parsed
from engine.spec.triggers import CheckCron, build_trigger
from schemas.manifest import ScriptManifest


def check_triggers(
    script: ScriptId, parsed: Parsed[ScriptManifest], default_zone: str, check_cron: CheckCron
) -> tuple[tuple[Trigger, ...], list[Problem]]:
    """Return the triggers of a manifest and what is wrong with them."""
    triggers: list[Trigger] = []
    indexes: list[int] = []
    problems: list[Problem] = []
    for index, item in zip(parsed.trigger_indexes, parsed.manifest.triggers, strict=True):
        try:
            triggers.append(build_trigger(item, default_zone))
            indexes.append(index)
        except ValueError as error:
            path = ("triggers", index, "at")
            problems.append(parsed.document.problem("invalid_value", f"at: {error}", path))
    problems += _mistakes(script, parsed.document, triggers, indexes, check_cron)
    return tuple(triggers), problems


def _mistakes(
    script: ScriptId,
    document: Document,
    triggers: Sequence[Trigger],
    indexes: Sequence[int],
    check_cron: CheckCron,
) -> Iterator[Problem]:
    seen: set[TriggerKey] = set()
    for index, trigger in zip(indexes, triggers, strict=True):
        if trigger.key in seen:
            yield _duplicate(document, index, trigger)
        seen.add(trigger.key)
        if isinstance(trigger, CronTrigger):
            reason = check_cron(trigger.expression, trigger.timezone)
            if reason:
                path = ("triggers", index, "cron")
                yield document.problem("invalid_cron", f"cron: {reason}", path)
        elif isinstance(trigger, AfterTrigger) and trigger.script == script:
            message = "after: a script cannot run after itself; use 'every' or 'retry'"
            yield document.problem("after_cycle", message, ("triggers", index, "after"))


def _duplicate(document: Document, index: int, trigger: Trigger) -> Problem:
    items = document.data["triggers"]
    if items[index].get("name"):
        message = f"name: {trigger.key!r} is taken by another trigger; choose a different one"
        return document.problem("duplicate_trigger", message, ("triggers", index, "name"))
    message = f"a trigger {trigger.key!r} is there already; remove it, or give it a 'name'"
    return document.problem("duplicate_trigger", message, ("triggers", index))
