"""Write transitions: first to disk, then to memory, then to whoever listens.

The order is the promise "recorded before anything starts": a run is known to the
dispatcher only once its row is on disk.
"""

import asyncio
import logging
from dataclasses import replace

from engine.errors import Unavailable
from engine.model.event import Listener, RunChanged
from engine.ports import RunStore, Transition
from engine.reconcile.state import State

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
"""Between attempts to write while the disk is full or the database locked."""


class Recorder:
    def __init__(self, runs: RunStore, state: State, publish: Listener) -> None:
        self._runs = runs
        self._state = state
        self._publish = publish
        self.failure: str | None = None
        """Why nothing can be written at the moment; None when all is well."""

    async def record(self, transition: Transition) -> None:
        """Write a transition, however long the disk takes to let it.

        Nothing is dropped when the disk is full: what happened to runs is held
        here, and by the runner, until it can be written.
        """
        inserted = await self._commit(transition)
        for run in transition.new_runs:
            if run.id in inserted:
                self._state.active.put(run)
                self._publish(RunChanged(run))
        for run in transition.changed_runs:
            self._publish(RunChanged(run))
        self._remember(transition)

    async def _commit(self, transition: Transition) -> frozenset[str]:
        while True:
            try:
                inserted = await self._runs.commit(transition)
            except Unavailable as error:
                if self.failure is None:
                    logger.error("cannot write to the database", extra={"error": str(error)})
                self.failure = str(error)
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                self.failure = None
                return frozenset(inserted)

    def _remember(self, transition: Transition) -> None:
        """Bring what is known of triggers up to date; scripts that are gone are left alone."""
        for (script, key), due in transition.last_due.items():
            in_force = self._state.scripts.get(script)
            if in_force is not None:
                last_due = {**in_force.last_due, key: due}
                self._state.put(replace(in_force, last_due=last_due))
        for (script, key), seen in transition.files.items():
            in_force = self._state.scripts.get(script)
            if in_force is not None:
                self._state.put(replace(in_force, files={**in_force.files, key: seen}))
