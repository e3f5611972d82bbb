"""Let callers wait for a run to write or to end, without asking again and again."""

import asyncio
from collections.abc import Callable

from engine.model.event import Event, OutputGrew, RunChanged
from engine.model.identity import RunId
from engine.model.run import Run


class Waiters:
    def __init__(self) -> None:
        self._waiting: dict[RunId, set[asyncio.Event]] = {}
        self._sizes: dict[RunId, int] = {}
        self._ended: dict[RunId, Run] = {}
        """Runs whose end was told while somebody waits for them."""

    def receive(self, event: Event) -> None:
        """Take in an event of the bus."""
        match event:
            case OutputGrew(sizes=sizes):
                for run_id in sizes.keys() & self._waiting.keys():
                    self._sizes[run_id] = sizes[run_id]
                    self._wake(run_id)
            case RunChanged(run=run):
                if run.status.final and run.id in self._waiting:
                    self._ended[run.id] = run
                self._wake(run.id)
            case _:
                pass

    def size(self, run_id: RunId) -> int:
        """Return how much a run has written, as far as was told while somebody waited for it."""
        return self._sizes.get(run_id, 0)

    async def wait(self, run_id: RunId, done: Callable[[], bool], *, seconds: float) -> Run | None:
        """Return as soon as `done` says so, looking after each event of the run, or in time.

        Returns the run if its end was told meanwhile.
        """
        woken = asyncio.Event()
        self._waiting.setdefault(run_id, set()).add(woken)
        try:
            async with asyncio.timeout(seconds):
                while run_id not in self._ended and not done():
                    woken.clear()
                    await woken.wait()
            return self._ended.get(run_id)
        except TimeoutError:
            return None
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
            self._ended.pop(run_id, None)
