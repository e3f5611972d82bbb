"""Decide the environment variables a run sees: an allow-list, never the server's own.

The server's PYTHONPATH, PYTHONHOME, VIRTUAL_ENV or PYTHONDONTWRITEBYTECODE would change
how a script imports or make it start four times slower, and its secrets are none of a
script's business. Later layers win: what is passed on from the server, what Python
needs, the script's `env`, the trigger's or caller's, and last the PYSCHED_ variables,
which no manifest can forge.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from engine.model.run import Run
from engine.runs import wording
from engine.spec.references import expand

PASSED_ON = ("PATH", "HOME", "LANG", "TZ")
"""All that is taken from the server's own environment (spec.md §5)."""

_NO_SECRETS: Mapping[str, str] = {}


def run_environment(
    server: Mapping[str, str],
    run: Run,
    *,
    script_env: tuple[tuple[str, str], ...],
    python: "PythonHome",
    state: Path,
    secrets: Mapping[str, str] = _NO_SECRETS,
) -> dict[str, str]:
    """Return the whole environment of a run.

    `server` is the environment of the server's process, `state` the script's directory
    that outlasts runs, `secrets` what the script was granted by name. Raises InvalidInput
    when a value refers to a secret that is not among them.
    """
    env = {name: server[name] for name in PASSED_ON if name in server}
    env.update(python.variables(env.get("PATH", os.defpath)))
    for name, value in (*script_env, *run.env):
        env[name] = expand(value, secrets, where=f"env of {run.script}: {name}")
    env.update(_facts(run, state))
    return env


class PythonHome:
    """Where the run's Python is, so that `pip` and console scripts of it are found by shells."""

    def __init__(self, interpreter: str, *, virtual: bool = False) -> None:
        self.bin = os.path.dirname(interpreter)  # noqa: PTH120 - for each run
        self.prefix = os.path.dirname(self.bin)  # noqa: PTH120 - for each run
        self.virtual = virtual

    def variables(self, path: str) -> dict[str, str]:
        """Return what Python and shells need, with `path` behind the environment's own `bin`."""
        env = {"PATH": os.pathsep.join((self.bin, path)), "PYTHONUNBUFFERED": "1"}
        if self.virtual:
            env["VIRTUAL_ENV"] = self.prefix
        return env


def _facts(run: Run, state: Path) -> dict[str, str]:
    """Return the PYSCHED_ variables: all are always there, empty where a run has no such fact.

    PYSCHED_FILES holds one absolute path a line: a newline is the one separator that
    `read -r`, `splitlines` and a person's eye agree on, and watched names hold none.
    """
    return {
        "PYSCHED_RUN_ID": run.id,
        "PYSCHED_SCRIPT": run.script,
        "PYSCHED_TRIGGER": run.trigger or "",
        "PYSCHED_CAUSE": run.cause.value,
        "PYSCHED_SCHEDULED_FOR": wording.moment(run.scheduled_for) if run.scheduled_for else "",
        "PYSCHED_ATTEMPT": str(run.attempt),
        "PYSCHED_COMMIT": run.commit or "",
        "PYSCHED_FILES": "\n".join(run.files),
        "PYSCHED_PAYLOAD": run.payload or "",
        "PYSCHED_PREVIOUS_STATUS": run.previous_status.value if run.previous_status else "",
        "PYSCHED_STATE_DIR": str(state),
    }
