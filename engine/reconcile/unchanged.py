"""Say which scripts a full pass need not plan again, since that could change nothing.

A full pass is the safety net that comes every minute. Planning ten thousand scripts
takes half a second, so those are left out whose every input is what it was when
they were planned last: the same entry, no trigger due, the same environment built.
The clock that was set and files that triggers watch are inputs too: the caller
forgets what it planned before a jump, and never asks about watching scripts.
"""

from collections.abc import Callable
from datetime import datetime

from engine.model.environment import EnvironmentRequest
from engine.model.identity import EnvironmentKey
from engine.model.tree import Entry
from engine.ports import InForce

Ready = Callable[[EnvironmentRequest], EnvironmentKey | None]


def is_unchanged(
    entry: Entry | None, planned: Entry | None, in_force: InForce | None, ready: Ready
) -> bool:
    """Say whether a script that was planned for the entry `planned` is still as it was then.

    `ready` names the environment that is built for a request, None if none is.
    """
    if entry is None or entry is not planned or in_force is None:
        return False
    script = in_force.script
    if script is None:
        return True
    return in_force.environment is not None and ready(script.environment) == in_force.environment


def is_due(wake_at: datetime | None, now: datetime) -> bool:
    return wake_at is not None and wake_at <= now
