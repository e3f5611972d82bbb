"""Decide what a script's files change about what is in force.

Level-triggered: it compares the whole entry with the whole of what is applied
and never looks at the event that woke it, so a missed or a repeated signal
cannot change the result.
"""

from collections.abc import Mapping
from datetime import datetime

from engine.model.identity import TriggerKey
from engine.model.plan import CreateScript, DeleteScript, MarkScript, ScriptAction, UpdateScript
from engine.model.script import Script
from engine.model.tree import Entry, Severity
from engine.ports import InForce
from engine.reconcile.observed import NOTHING_SEEN
from engine.spec.changes import changes

NO_MARKS: Mapping[TriggerKey, datetime] = {}


def script_action(desired: Entry | None, in_force: InForce | None) -> ScriptAction | None:
    """Return what must be done about one script, None when it is in force as its files say."""
    if desired is None:
        return None if in_force is None else DeleteScript(id=in_force.id)
    if desired.script is None:
        marked = in_force is not None and _same_report(desired, in_force)
        stale = in_force is not None and in_force.script is not None
        return None if marked else MarkScript(entry=desired, stale=stale)
    if in_force is None or in_force.script is None:
        return CreateScript(entry=desired)
    if desired.script == in_force.script and _same_report(desired, in_force):
        return None
    return UpdateScript(
        entry=desired,
        before=in_force.script,
        changes=tuple(changes(in_force.script, desired.script)),
        mended=any(problem.severity is Severity.ERROR for problem in in_force.problems),
    )


def _same_report(desired: Entry, in_force: InForce) -> bool:
    return desired.digest == in_force.digest and desired.problems == in_force.problems


def apply_action(action: ScriptAction | None, in_force: InForce | None) -> InForce | None:
    """Return what is in force once the action is done; None for a script that is gone.

    What is known of triggers stays here as it is; which of it a changed
    definition makes void is decided with the moments.
    """
    match action:
        case None:
            return in_force
        case DeleteScript():
            return None
        case MarkScript(entry=entry):
            return _in_force(entry, in_force.script if in_force else None, in_force)
        case _:
            return _in_force(action.entry, action.entry.script, in_force)


def _in_force(entry: Entry, script: Script | None, before: InForce | None) -> InForce:
    return InForce(
        id=entry.id,
        signature=entry.signature,
        digest=entry.digest,
        script=script,
        problems=entry.problems,
        last_due=before.last_due if before else NO_MARKS,
        files=before.files if before else NOTHING_SEEN,
        environment=before.environment if before else None,
    )
