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

NOTHING_DUE: Mapping[TriggerKey, datetime] = {}


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
    last_due: Mapping[TriggerKey, datetime] = field(default_factory=lambda: NOTHING_DUE)
    files: Mapping[TriggerKey, Mapping[str, str]] = field(default_factory=lambda: NOTHING_SEEN)
    wake_at: datetime | None = None
    """When the script must be looked at again because of the time."""
    notes: tuple[str, ...] = ()
    """For the journal."""


def plan_script(desired: Entry | None, observed: Observed, now: datetime) -> ScriptPlan:
    """Return what to do about one script; `desired` is None when its directory is gone."""
    return plan_moments(plan_files(desired, observed, now), observed, now)


def plan_files(desired: Entry | None, observed: Observed, now: datetime) -> ScriptPlan:
    """Return the first part of the plan: what of the script is in force from now on."""
    action = script_action(desired, observed.in_force)
    in_force = apply_action(action, observed.in_force)
    if in_force is None:
        return ScriptPlan(action=action, cancels=_withdrawn(observed.active))
    in_force = _refreshed(in_force, desired, observed)
    script = in_force.script
    if script is None:
        return ScriptPlan(action=action, in_force=in_force, save=in_force != observed.in_force)
    in_force = _with_memory(in_force, script, observed, now)
    return ScriptPlan(
        action=action,
        in_force=in_force,
        save=in_force != observed.in_force,
        build=script.environment if observed.environment is EnvironmentState.MISSING else None,
    )


def plan_moments(plan: ScriptPlan, observed: Observed, now: datetime) -> ScriptPlan:
    """Return the plan with its second part: the runs that the script's triggers ask for now.

    Apart from the first, because writing that takes a moment, and runs must be
    decided on with those in mind that were enqueued meanwhile.
    """
    in_force = plan.in_force
    if in_force is None or in_force.script is None:
        return plan
    moments = settle_triggers(in_force.script, in_force.last_due, observed, now)
    return replace(
        plan,
        occurrences=tuple(moments.occurrences),
        runs=tuple(moments.runs),
        cancels=tuple(moments.cancels),
        last_due=moments.last_due,
        files=moments.files,
        wake_at=moments.wake_at,
        notes=tuple(moments.notes),
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


def _with_memory(in_force: InForce, script: Script, observed: Observed, now: datetime) -> InForce:
    """Return what is in force with what is known of each trigger, and of no other.

    A trigger that is new, says something else than before, or was switched on
    starts with now, so that it never catches up a past it had no part in. In the
    server's first pass a startup trigger has its moment still before it.
    """
    before = observed.in_force
    was = {trigger.key: trigger for trigger in _triggers(before)}
    switched_on = before is not None and before.script is not None and not before.script.enabled
    marks: dict[TriggerKey, datetime] = {}
    files: dict[TriggerKey, Mapping[str, str]] = {}
    for trigger in script.triggers:
        known = in_force.last_due.get(trigger.key)
        goes_on = known is not None and _same_moments(was.get(trigger.key), trigger)
        if known is None or not goes_on or (switched_on and script.enabled):
            marks[trigger.key] = _beginning(trigger, observed, now)
            continue
        marks[trigger.key] = known
        if trigger.key in in_force.files:
            files[trigger.key] = in_force.files[trigger.key]
    if marks == in_force.last_due and files == in_force.files:
        return in_force
    return replace(in_force, last_due=marks, files=files or NOTHING_SEEN)


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
    return before is after or replace(before, args=(), env=(), enabled=True) == replace(
        after, args=(), env=(), enabled=True
    )
