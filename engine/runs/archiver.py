"""Archive the output of ended runs, those that end within a moment together.

Nobody waits for it: output reads the same before and after. One by one, each run
would cost two changes of threads, a transaction and a sync just when the next
ones are to start; as a group they share them. While there is no room for another
run, it rests for a while altogether.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from engine.errors import EngineError
from engine.model.identity import RunId
from engine.ports import OutputArchive
from engine.runs.finish import finish_all
from engine.runs.places import RunPlaces

LARGEST_GROUP: Final = 32
"""Runs; what they printed is in memory together."""


LARGEST_REST: Final = 5.0
"""Seconds; only what is archived is found by a search in output."""
MOST_AT_REST: Final = 500
"""Runs; each keeps a directory."""


class Archiver:
    """To be used on one event loop."""

    def __init__(
        self,
        places: RunPlaces,
        archive: OutputArchive,
        *,
        gather_for: float,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """`gather_for` is how long, in seconds, the first of a group waits for others.

        `busy` says that it had better wait a while longer.
        """
        self._places = places
        self._archive = archive
        self._gather_for = gather_for
        self._busy = busy
        self._waiting: dict[RunId, asyncio.Future[None]] = {}
        self._at_work = False

    async def put_away(self, run_id: RunId) -> None:
        """Archive and clear one run whose final status is on record; may be repeated.

        Raises Unavailable when the disk refuses; nothing is lost then.
        """
        leads = not self._waiting and not self._at_work
        done = self._waiting.get(run_id)
        if done is None:
            done = self._waiting[run_id] = asyncio.get_running_loop().create_future()
        if leads:
            await self._put_away_all()
        # Shielded, because somebody else may wait for the same run.
        await asyncio.shield(done)

    async def _put_away_all(self) -> None:
        """Do the work of all who ask, on behalf of the first: no task outlives its callers."""
        self._at_work = True
        try:
            while self._waiting:
                await self._rest()
                ids = list(self._waiting)[:LARGEST_GROUP]
                await self._put_away({run_id: self._waiting.pop(run_id) for run_id in ids})
        finally:
            self._at_work = False
            for done in self._waiting.values():
                done.cancel()
            self._waiting.clear()

    async def _rest(self) -> None:
        rested = 0.0
        while True:
            await asyncio.sleep(self._gather_for)
            rested += self._gather_for
            if not self._busy() or rested >= LARGEST_REST or len(self._waiting) >= MOST_AT_REST:
                return

    async def _put_away(self, group: Mapping[RunId, asyncio.Future[None]]) -> None:
        try:
            failures = await finish_all(
                {run_id: self._places.run(run_id) for run_id in group}, self._archive
            )
        except BaseException:
            for done in group.values():
                done.cancel()
            raise
        for run_id, done in group.items():
            _settle(done, failures.get(run_id))


def _settle(done: asyncio.Future[None], failure: EngineError | None) -> None:
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)
