"""Let the runner forget the runs whose end is on record, and put their output away.

Not before: what the runner and the run's directory tell is all that is known of an
end that is not on record, and without the claim in that directory nothing else
keeps the run from being started again. Forgotten first, because the runner writes
down for good what nobody takes off it in time.
"""

import logging
from collections.abc import Iterable

from engine.errors import EngineError
from engine.model.identity import RunId
from engine.reconcile.parts import Parts
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks

logger = logging.getLogger(__name__)


class Archiving:
    def __init__(self, parts: Parts, state: State, tasks: Tasks) -> None:
        self._parts = parts
        self._state = state
        self._tasks = tasks
        self._left: dict[RunId, None] = {}

    def begin(self, run_ids: Iterable[RunId]) -> None:
        """Put away those runs that are over and on record, in the background."""
        over = [
            run_id
            for run_id in run_ids
            if self._state.active.get(run_id) is None and run_id not in self._state.ending
        ]
        self._parts.launcher.acknowledge(over)
        for run_id in over:
            self._tasks.spawn(self._archive(run_id))

    async def put_away(self, run_id: RunId) -> None:
        """Let go of one run whose end is on record."""
        self._parts.launcher.acknowledge([run_id])
        await self._archive(run_id)

    async def _archive(self, run_id: RunId) -> None:
        """Archive one run; if the disk does not let it, later, after one that it did let."""
        try:
            await self._parts.files.archive(run_id)
        except EngineError as error:
            logger.warning("output not archived", extra={"run_id": run_id, "error": str(error)})
            self._left[run_id] = None
            return
        self._left.pop(run_id, None)
        if self._left:
            self._tasks.spawn(self._archive(next(iter(self._left))))
