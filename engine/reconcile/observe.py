"""Look at what is, for one script: the facts that a plan is made from."""

from collections.abc import Mapping
from datetime import datetime

from engine.model.environment import EnvironmentState
from engine.model.identity import TriggerKey
from engine.model.tree import Entry
from engine.ports import InForce
from engine.reconcile.observed import NOTHING_SEEN, Observed
from engine.reconcile.parts import Parts
from engine.reconcile.state import State

FILES_GONE = "its files are gone from the tree, and its removal waits"


def observe(
    parts: Parts,
    state: State,
    desired: Entry | None,
    in_force: InForce | None,
    *,
    files: Mapping[TriggerKey, Mapping[str, str]] = NOTHING_SEEN,
    starting: datetime | None = None,
) -> Observed:
    """Return the facts about the script that is desired, in force or both."""
    awake_since = state.wakefulness.awake_since
    script = desired.script if desired is not None else None
    if script is None:
        script = in_force.script if in_force is not None else None
    if script is None:
        return Observed(
            in_force=in_force,
            files=files,
            awake_since=awake_since,
            starting=starting,
        )
    ready = wanted = parts.environments.ready(script.environment)
    if ready is None and in_force is not None and in_force.script is not None:
        # Built for what is in force, and not noted yet when the wish changed.
        ready = parts.environments.ready(in_force.script.environment)
    return Observed(
        in_force=in_force,
        active=state.active.of(script.id),
        environment=EnvironmentState.READY
        if wanted is not None
        else parts.environments.state(script.environment),
        ready=ready.key if ready else None,
        files=files,
        awake_since=awake_since,
        blocked=FILES_GONE if state.is_without_files(script.id) else "",
        starting=starting,
    )
