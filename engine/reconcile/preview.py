"""Tell what serving a tree would change, without changing it.

The same `script_action` decides here and in the live loop, so what `pysched plan`
prints is what the server then does.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from engine.model.environment import EnvironmentRequest, EnvironmentState
from engine.model.identity import ScriptId
from engine.model.plan import DeleteScript, MovedOccurrence, Plan, ScriptAction
from engine.model.script import Script
from engine.model.tree import Problem, Tree
from engine.model.trigger import TimedTrigger
from engine.ports import InForce
from engine.reconcile.difference import apply_action, script_action
from engine.schedule.fire_times import next_moment
from engine.tree.prune import guard


def preview(
    tree: Tree,
    in_force: Mapping[ScriptId, InForce],
    environment: Callable[[EnvironmentRequest], EnvironmentState],
    now: datetime,
) -> Plan:
    """Return the plan for a whole tree against what is in force."""
    ids = sorted({*tree.entries, *in_force}, key=lambda script: (script in tree.entries, script))
    actions = [
        action
        for script in ids
        if (action := script_action(tree.entries.get(script), in_force.get(script))) is not None
    ]
    after = {action.id: apply_action(action, in_force.get(action.id)) for action in actions}
    return Plan(
        actions=tuple(actions),
        builds=_builds(after, environment),
        moved=tuple(
            moved
            for action in actions
            if (moved := _moved(action, in_force.get(action.id), after[action.id], now)) is not None
        ),
        problems=problems_of(tree),
        stale=tuple(
            script
            for script in ids
            if (entry := tree.entries.get(script)) is not None
            and entry.script is None
            and (known := in_force.get(script)) is not None
            and known.script is not None
        ),
        held=guard(in_force, tree.entries).reason,
    )


def _builds(
    after: Mapping[ScriptId, InForce | None],
    environment: Callable[[EnvironmentRequest], EnvironmentState],
) -> tuple[tuple[EnvironmentRequest, tuple[ScriptId, ...]], ...]:
    wanted: dict[EnvironmentRequest, list[ScriptId]] = {}
    for script, in_force in after.items():
        if in_force is not None and in_force.script is not None:
            wanted.setdefault(in_force.script.environment, []).append(script)
    return tuple(
        (request, tuple(scripts))
        for request, scripts in wanted.items()
        if environment(request) is not EnvironmentState.READY
    )


def _moved(
    action: ScriptAction, before: InForce | None, after: InForce | None, now: datetime
) -> MovedOccurrence | None:
    was = next_run(before.script if before else None, now)
    will = next_run(after.script if after else None, now)
    if was == will or (isinstance(action, DeleteScript) and was is None):
        return None
    return MovedOccurrence(script=action.id, before=was, after=will)


def next_run(script: Script | None, now: datetime) -> datetime | None:
    """Return when a script's timed triggers ask for it next, its own delay included."""
    if script is None or not script.enabled:
        return None
    moments = (
        next_moment(trigger, script.id, now)
        for trigger in script.triggers
        if isinstance(trigger, TimedTrigger) and trigger.enabled
    )
    return min((moment.start for moment in moments if moment is not None), default=None)


def problems_of(tree: Tree) -> tuple[Problem, ...]:
    """Return all problems of a tree, those of its scripts included, in order of place.

    Each once, though that of a `folder.yaml` is one of every script below it.
    """
    found = [*tree.problems, *(p for entry in tree.entries.values() for p in entry.problems)]
    return tuple(sorted(dict.fromkeys(found), key=lambda p: (p.path, p.line, p.column)))
