"""Match what is known here with what the runner knows, each time it answers.

While the connection was broken, or this engine was not there, runs have started
and ended. Until each is accounted for, nothing is started: a claim that a new start
made meanwhile would be read as one that nobody can account for.
"""

import asyncio
import logging
from collections.abc import Callable

from engine.errors import Unavailable
from engine.model.identity import RunId
from engine.model.run import Run
from engine.ports import RunnerConnected
from engine.reconcile.dispatch import Dispatcher
from engine.reconcile.notes import facts_of
from engine.reconcile.parts import Parts
from engine.reconcile.state import State
from engine.runs.recover import Recovery

logger = logging.getLogger(__name__)

ASK_AGAIN_SECONDS = 1.0


class Reunion:
    def __init__(
        self,
        parts: Parts,
        state: State,
        dispatcher: Dispatcher,
        recover: Callable[[Run, Recovery], None],
    ) -> None:
        self._parts = parts
        self._state = state
        self._dispatcher = dispatcher
        self._recover = recover
        self._connection = 0

    def part(self) -> None:
        """Start nothing from now on, and let go of a matching that is under way."""
        self._connection += 1
        self._dispatcher.ready = False

    async def meet(self, event: RunnerConnected) -> bool:
        """Account for every run that is not over; False if the connection broke meanwhile."""
        self.part()
        this = self._connection
        active = tuple(self._state.active)
        try:
            found = await self._parts.files.survey(active, event)
        except Exception:
            asyncio.get_running_loop().call_later(ASK_AGAIN_SECONDS, self.ask_again)
            raise
        if this != self._connection:
            return False
        for run, recovery in zip(active, found, strict=True):
            if self._state.active.get(run.id) is run:
                self._recover(run, recovery)
        self._stop_strays(event)
        self._dispatcher.boot = event.boot
        self._dispatcher.ready = True
        return True

    def ask_again(self) -> None:
        """Have the runner say what it knows; without a connection, the next one begins with it."""
        try:
            self._parts.launcher.refresh()
        except Unavailable as error:
            logger.info("the runner is not asked", extra={"error": str(error)})

    def _stop_strays(self, event: RunnerConnected) -> None:
        """End what runs though it is on record as over: no process of a run outlives it."""
        for run_id in event.live:
            over = self._over(run_id)
            if over is not None:
                logger.warning("a run goes on after its end", extra=facts_of(over))
                self._parts.launcher.cancel(run_id, "it is on record as over")

    def _over(self, run_id: RunId) -> Run | None:
        """Return the run if it is on record as over."""
        if self._state.active.get(run_id) is not None or run_id in self._state.ending:
            return None
        run = self._parts.runs.run(run_id)
        return run if run is not None and run.status.final else None
