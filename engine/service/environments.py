"""Tell all that is known of a script's environment, and have it built anew.

An environment is shared by all scripts that resolve to the same packages, so what is
told and done of one script's says whom else it concerns.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

from engine.environments.catalog import UvEnvironments
from engine.environments.failure import without_credentials
from engine.environments.requirements import pinned
from engine.errors import NotFound
from engine.model.environment import EnvironmentRequest
from engine.model.identity import EnvironmentKey, ScriptId
from engine.model.script import Script
from engine.model.status import EnvironmentDetails
from engine.ports import InForce, Journal
from engine.reconcile.builds import Builds
from engine.reconcile.notes import note
from engine.reconcile.state import State
from engine.service.reports import Reports

LOG_BYTES = 65_536
"""Of a build log that are told: its end, where a failure is."""


class ScriptEnvironments:
    def __init__(
        self,
        state: State,
        reports: Reports,
        environments: UvEnvironments,
        builds: Builds,
        journal: Journal,
    ) -> None:
        self._state = state
        self._reports = reports
        self._environments = environments
        self._builds = builds
        self._journal = journal

    async def details(self, script: ScriptId) -> EnvironmentDetails:
        """Tell all about the environment that runs of a script use. Raises NotFound."""
        in_force = self._state.scripts.get(script)
        if in_force is None:
            raise NotFound(f"there is no script {script!r}")
        request = in_force.script.environment if in_force.script else None
        report = self._reports.environment(in_force)
        built = self._environments.details(report.key) if report.key else None
        lock, log = await asyncio.to_thread(self._read, report.key, request)
        return EnvironmentDetails(
            report=report,
            building=request is not None and self._builds.goes_on(request),
            lock=built.environment.lock if built else None,
            lock_text=lock,
            packages=tuple(sorted(pinned(lock).items())) if lock else (),
            log=log,
            built_at=built.built_at if built else None,
            size=built.size if built else None,
            used_by=tuple(sorted(self._users(report.key, request))),
        )

    async def rebuild(self, script: Script, requested_by: str) -> tuple[ScriptId, ...]:
        """Have the packages of a script resolved and installed anew, aside of what is in use.

        Returns at once, with the scripts that will use the new environment. One that is
        being built already is not begun again.
        """
        detail = f"asked for by {requested_by}"
        await note(self._journal, "rebuild environment", script.id, detail)
        self._builds.ask(script.environment, force=True)
        return self._builds.users(script.environment)

    def _read(
        self, key: EnvironmentKey | None, request: EnvironmentRequest | None
    ) -> tuple[str | None, str]:
        lock = self._environments.lock_text(key) if key else None
        log = _tail(self._environments.log_path(request)) if request else ""
        # Requirements may name an index with its password.
        return without_credentials(lock) if lock is not None else None, log

    def _users(
        self, key: EnvironmentKey | None, request: EnvironmentRequest | None
    ) -> Iterator[ScriptId]:
        for in_force in self._state.scripts.values():
            if _uses(in_force, key, request):
                yield in_force.id


def _uses(
    in_force: InForce, key: EnvironmentKey | None, request: EnvironmentRequest | None
) -> bool:
    asks = in_force.script is not None and in_force.script.environment == request
    return asks or (key is not None and in_force.environment == key)


def _tail(path: Path) -> str:
    """Return the last lines of a log; empty where there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = file.seek(max(0, size - LOG_BYTES))
            data = file.read(LOG_BYTES)
    except FileNotFoundError:
        return ""
    if start:
        data = data.partition(b"\n")[2]
    return data.decode(errors="replace")
