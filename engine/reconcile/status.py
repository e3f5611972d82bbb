"""Derive what is reported of a script; nothing here is ever set by hand."""

from engine.model.environment import EnvironmentState
from engine.model.run import FAILURES, Run
from engine.model.status import ScriptStatus
from engine.model.tree import Severity
from engine.ports import InForce


def script_status(
    in_force: InForce, environment: EnvironmentState, last: Run | None
) -> ScriptStatus:
    """Return the one word that matters most; `last` is the newest run that really started.

    A mistake in the files comes first, since nothing else can be trusted before
    it is mended; then what keeps the script from running; then how it ran.
    """
    script = in_force.script
    if script is None or any(p.severity is Severity.ERROR for p in in_force.problems):
        return ScriptStatus.ERROR
    if not script.enabled:
        return ScriptStatus.PAUSED
    if environment is EnvironmentState.FAILED:
        return ScriptStatus.ENV_FAILED
    if environment is EnvironmentState.BUILDING:
        return ScriptStatus.BUILDING
    if last is not None and last.status in FAILURES:
        return ScriptStatus.FAILING
    return ScriptStatus.OK if script.triggers else ScriptStatus.MANUAL
