"""Decide what must change so that the running system matches one script's files.

This is the only place where the engine makes a decision. It is a pure function
of the desired state, the observed state and the current time, so a dry run, a
unit test and the live loop all reach the same plan; it looks at the whole of a
script each time and never at the event that woke it, so a missed or a repeated
signal cannot change the result.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from engine.model.environment import EnvironmentRequest, EnvironmentState
from engine.model.identity import TriggerKey
from engine.model.plan import ScriptAction
from engine.model.run import Occurrence, Run
from engine.model.script import Script
from engine.model.tree import Entry
from engine.model.trigger import StartupTrigger, Trigger
from engine.ports import InForce
from engine.reconcile.difference import apply_action, script_action
from engine.reconcile.enqueue import Cancel
from engine.reconcile.moments import settle_triggers
from engine.reconcile.observed import NOTHING_SEEN, Observed


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptPlan:
    """What to do about one script, in this order."""

    action: ScriptAction | None = None
    in_force: InForce | None = None
    """What is in force from now on; None for a script that is gone."""
    save: bool = False
    """`in_force` must be written."""
    build: EnvironmentRequest | None = None
    occurrences: tuple[Occurrence, ...] = ()
    runs: tuple[Run, ...] = ()
    cancels: tuple[Cancel, ...] = ()
    last_due: Mapping[TriggerKey, datetime] = field(default_factory=dict[TriggerKey, datetime])
    files: Mapping[TriggerKey, Mapping[str, str]] = field(default_factory=lambda: NOTHING_SEEN)
    wake_at: datetime | None = None
    """When the script must be looked at again because of the time."""


def plan_script(desired: Entry | None, observed: Observed, now: datetime) -> ScriptPlan:
    """Return what to do about one script; `desired` is None when its directory is gone."""
    action = script_action(desired, observed.in_force)
    in_force = apply_action(action, observed.in_force)
    if in_force is None:
        return ScriptPlan(action=action, cancels=_withdrawn(observed.active))
    in_force = _refreshed(in_force, desired, observed)
    script = in_force.script
    if script is None:
        return ScriptPlan(action=action, in_force=in_force, save=in_force != observed.in_force)
    in_force = replace(in_force, last_due=_watermarks(observed, script, now))
    moments = settle_triggers(script, in_force.last_due, observed, now)
    return ScriptPlan(
        action=action,
        in_force=in_force,
        save=in_force != observed.in_force,
        build=script.environment if observed.environment is EnvironmentState.MISSING else None,
        occurrences=tuple(moments.occurrences),
        runs=tuple(moments.runs),
        cancels=tuple(moments.cancels),
        last_due=moments.last_due,
        files=moments.files,
        wake_at=moments.wake_at,
    )


def _withdrawn(active: tuple[Run, ...]) -> tuple[Cancel, ...]:
    """Return the waiting runs of a script that is gone; those that run may end."""
    return tuple(
        Cancel(run.id, "the script was removed") for run in active if run.started_at is None
    )


def _refreshed(in_force: InForce, desired: Entry | None, observed: Observed) -> InForce:
    """Take over what changes without the definition: stat data, and a finished environment."""
    signature = desired.signature if desired is not None else in_force.signature
    environment = observed.ready or in_force.environment
    if (signature, environment) == (in_force.signature, in_force.environment):
        return in_force
    return replace(in_force, signature=signature, environment=environment)


def _watermarks(observed: Observed, script: Script, now: datetime) -> Mapping[TriggerKey, datetime]:
    """Return up to when each trigger's moments are accounted for.

    A trigger that is new, says something else than before, or was switched on
    starts with now, so that it never catches up a past it had no part in. In the
    server's first pass a startup trigger has its moment still before it.
    """
    before = observed.in_force
    known: Mapping[TriggerKey, datetime] = before.last_due if before else {}
    was = {trigger.key: trigger for trigger in _triggers(before)}
    switched_on = before is not None and before.script is not None and not before.script.enabled
    marks: dict[TriggerKey, datetime] = {}
    for trigger in script.triggers:
        same = trigger.key in known and _same_moments(was.get(trigger.key), trigger)
        fresh = not same or (switched_on and script.enabled)
        marks[trigger.key] = _beginning(trigger, observed, now) if fresh else known[trigger.key]
    return known if marks == known else marks


def _beginning(trigger: Trigger, observed: Observed, now: datetime) -> datetime:
    if isinstance(trigger, StartupTrigger) and observed.starting is not None:
        return observed.starting - timedelta(microseconds=1)
    return now


def _triggers(in_force: InForce | None) -> tuple[Trigger, ...]:
    return in_force.script.triggers if in_force and in_force.script else ()


def _same_moments(before: Trigger | None, after: Trigger) -> bool:
    """Say whether a trigger still means the same moments; its arguments do not matter."""
    if before is None or (after.enabled and not before.enabled):
        return False
    return replace(before, args=(), env=(), enabled=True) == replace(
        after, args=(), env=(), enabled=True
    )
