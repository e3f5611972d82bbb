"""Say of a script at the start of the server that nothing is to be done about it for now. Pure.

Most scripts are in force as their files say, have their environment, and are due later.
Planning ten thousand of them takes a third of a second, which is a fifth of a start, and
gives nothing but the time to look at them next. This says that time directly, or that
there is more to a script: then it is planned like any other.

`plan_script` decides; a property test holds this to what it says.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from engine.model.environment import EnvironmentRequest
from engine.model.identity import EnvironmentKey, ScriptId, TriggerKey
from engine.model.run import Outcome
from engine.model.tree import Entry
from engine.model.trigger import FilesTrigger, StartupTrigger, TimedTrigger, Trigger
from engine.ports import InForce
from engine.schedule.fire_times import first_moment
from engine.schedule.missed import SET_BACK

Ready = Callable[[EnvironmentRequest], EnvironmentKey | None]
"""Names the environment that is built for a request, None if none is."""


class Quiet(NamedTuple):
    """Nothing is to be done."""

    wake_at: datetime | None
    """When the script must be looked at because of the time; None for never."""


def quiet(
    entry: Entry | None, in_force: InForce | None, ready: Ready, now: datetime
) -> Quiet | None:
    """Return None when a plan for the script may do anything but set when to look again."""
    if entry is None or in_force is None or not _is_same(entry, in_force):
        return None
    script, key = entry.script, in_force.environment
    if script is None or key is None or ready(script.environment) != key or in_force.files:
        return None
    if len(in_force.last_due) != len(script.triggers):
        return None
    return _until(script.id, script.triggers, in_force.last_due, now)


def _is_same(entry: Entry, in_force: InForce) -> bool:
    return (
        entry.script is in_force.script
        and entry.signature == in_force.signature
        and entry.digest == in_force.digest
        and entry.problems == in_force.problems
    )


def _until(
    script: ScriptId,
    triggers: tuple[Trigger, ...],
    last_due: Mapping[TriggerKey, datetime],
    now: datetime,
) -> Quiet | None:
    wake_at: datetime | None = None
    for trigger in triggers:
        mark = last_due.get(trigger.key)
        if mark is None or isinstance(trigger, (StartupTrigger, FilesTrigger)):
            return None
        if not isinstance(trigger, TimedTrigger):
            continue
        if mark > now + SET_BACK:
            return None
        moment = first_moment(trigger, script, mark)
        if moment is None:
            continue
        if moment.start <= now or moment.shift is Outcome.DEDUPLICATED:
            return None
        if wake_at is None or moment.start < wake_at:
            wake_at = moment.start
    return Quiet(wake_at)
