"""Let callers wait for a run to write or to end, without asking again and again."""

import asyncio
from collections.abc import Callable

from engine.model.event import Event, OutputGrew, RunChanged
from engine.model.identity import RunId


class Waiters:
    def __init__(self) -> None:
        self._waiting: dict[RunId, set[asyncio.Event]] = {}
        self._sizes: dict[RunId, int] = {}

    def receive(self, event: Event) -> None:
        """Take in an event of the bus."""
        match event:
            case OutputGrew(sizes=sizes):
                for run_id in sizes.keys() & self._waiting.keys():
                    self._sizes[run_id] = sizes[run_id]
                    self._wake(run_id)
            case RunChanged(run=run):
                self._wake(run.id)
            case _:
                pass

    def size(self, run_id: RunId) -> int:
        """Return how much a run has written, as far as was told while somebody waited for it."""
        return self._sizes.get(run_id, 0)

    async def wait(self, run_id: RunId, done: Callable[[], bool], *, seconds: float) -> None:
        """Return as soon as `done` says so, looking after each event of the run, or in time."""
        woken = asyncio.Event()
        self._waiting.setdefault(run_id, set()).add(woken)
        try:
            async with asyncio.timeout(seconds):
                while not done():
                    woken.clear()
                    await woken.wait()
        except TimeoutError:
            return
        finally:
            self._leave(run_id, woken)

    def _wake(self, run_id: RunId) -> None:
        for woken in self._waiting.get(run_id, ()):
            woken.set()

    def _leave(self, run_id: RunId, woken: asyncio.Event) -> None:
        waiting = self._waiting[run_id]
        waiting.discard(woken)
        if not waiting:
            del self._waiting[run_id]
            self._sizes.pop(run_id, None)
