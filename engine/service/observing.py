"""What the engine tells of runs taken together, and of itself."""

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.model.environment import EnvironmentRequest, EnvironmentState
from engine.model.observation import Observation, ProcessUse
from engine.ports import Environments, InForce, Statistics
from engine.service.compose import Composition
from engine.service.health import health
from engine.service.process_use import process_use

if TYPE_CHECKING:
    from engine.service.settings_file import SettingsFileEditor

AT_ONCE = 500
"""Scripts that are looked at before others get their turn: below a millisecond."""


class _Machine(NamedTuple):
    disk_free: int | None
    disk: int | None
    processes: Mapping[str, ProcessUse]


class Observing:
    """The part of Engine that counts and measures; the parts are the engine's own."""

    _all: Composition
    _settings_file: "SettingsFileEditor | None" = None

    @property
    def statistics(self) -> Statistics:
        """What runs add up to, by day and script."""
        return self._all.stores.statistics

    @property
    def settings_file(self) -> "SettingsFileEditor":
        """What changes `pysched.yaml`; one for all, so that changes wait for one another."""
        if self._settings_file is None:
            # It reads YAML, which a server that is started again does not.
            from engine.service.settings_file import SettingsFileEditor

            self._settings_file = SettingsFileEditor(self._all.settings)
        return self._settings_file

    async def observe(self) -> Observation:
        """Measure the engine as it is now; takes milliseconds, most of them in a thread."""
        parts = self._all
        environments = await _states(parts.environments, tuple(parts.state.scripts.values()))
        machine = await asyncio.to_thread(_machine, parts.data, parts.client.pid)
        tally, database = parts.loop.tally, parts.stores.main
        return Observation(
            health=health(parts),
            unexpected=parts.unexpected.count,
            slots=parts.settings.runs.max_concurrent,
            runs=parts.run_tally.counts(),
            environments=environments,
            building=parts.builds.going,
            passes=tally.seconds.copy(),
            passes_failed=tally.failed,
            changes=tally.changes,
            writes=database.seconds,
            writes_waiting=database.waiting,
            disk_free_bytes=machine.disk_free,
            disk_bytes=machine.disk,
            processes=machine.processes,
        )


async def _states(
    environments: Environments, scripts: Iterable[InForce]
) -> Mapping[EnvironmentState, int]:
    """Count the environments that scripts ask for by their state."""
    requests: set[EnvironmentRequest] = set()
    for number, in_force in enumerate(scripts, 1):
        if in_force.script is not None:
            requests.add(in_force.script.environment)
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
    states: Counter[EnvironmentState] = Counter()
    for number, request in enumerate(requests, 1):
        states[environments.state(request)] += 1
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
    return states


def _machine(data: Path, runner: int | None) -> _Machine:
    try:
        total, _, free = shutil.disk_usage(data)
    except OSError:
        total = free = None
    pids = {"engine": os.getpid(), "runner": runner}
    used = {name: process_use(pid) for name, pid in pids.items() if pid is not None}
    return _Machine(free, total, {name: use for name, use in used.items() if use is not None})
