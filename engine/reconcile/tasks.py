"""Background work of the loop: kept alive while it goes, its failures never silent."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Tasks:
    """A set of running tasks; asyncio itself holds them only weakly."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self.failure: str | None = None
        """The newest unexpected failure, for the health report."""

    @property
    def count(self) -> int:
        """How much work is under way."""
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.failed(error)

    def failed(self, error: BaseException) -> None:
        """Note a failure that nobody expected: a mistake in this program."""
        self.failure = f"{type(error).__name__}: {error}"
        logger.error("background work failed", exc_info=error)

    async def settle(self, seconds: float | None = None) -> bool:
        """Wait until all work that is under way, and what it spawned, is done.

        With `seconds` at most so long; False if some is left, such as a write that
        waits for a full disk.
        """
        clock = asyncio.get_running_loop().time
        deadline = None if seconds is None else clock() + seconds
        while self._tasks:
            left = None if deadline is None else deadline - clock()
            if left is not None and left <= 0:
                return False
            await asyncio.wait(self._tasks, timeout=left)
        return True

    async def cancel(self) -> None:
        """End all work where it is."""
        for task in self._tasks:
            task.cancel()
        await self.settle()
