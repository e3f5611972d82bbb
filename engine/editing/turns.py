"""Let a few of the requests of editors go at a time, the newest for each file.

An editor asks again with every pause in typing. Of what has not begun, only the newest
for a file is still of interest to whoever types there, so it takes the place of the one
before; and the line is short, because an answer that comes late is of no use to anybody.
"""

import asyncio
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager

from engine.errors import Superseded, Unavailable

MOST_WAITING = 32


class Turns:
    """Use on one event loop."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._waiting: dict[Hashable, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncGenerator[None]:
        """Wait for a turn and hold it; `key` says who waits, and for which file.

        Raises Superseded when a newer request with the same key came meanwhile, Unavailable
        when too many wait.
        """
        if self._free:
            self._free -= 1
        else:
            await self._wait(key)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, key: Hashable) -> None:
        older = self._waiting.pop(key, None)
        if older is not None and not older.done():
            older.set_exception(Superseded("a newer request for the same file took its place"))
        if len(self._waiting) >= MOST_WAITING:
            raise Unavailable("too many editors ask at this moment; try again in a moment")
        mine = self._waiting[key] = asyncio.get_running_loop().create_future()
        try:
            await mine
        except asyncio.CancelledError:
            if self._waiting.get(key) is mine:
                del self._waiting[key]
            elif mine.done() and not mine.cancelled() and mine.exception() is None:
                # The turn came in the same moment in which nobody wanted it any more.
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            first = self._waiting.pop(next(iter(self._waiting)))
            # One whose task was cancelled in this moment is still in line until it wakes.
            if not first.done():
                first.set_result(None)
                return
        self._free += 1
