"""Do a piece of work when asked, or when its time has come, and one turn at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from engine.errors import EngineError
from engine.service.notify_parts import NotifyParts

logger = logging.getLogger(__name__)

TRY_AGAIN = timedelta(seconds=10)
"""After a turn that failed, such as on a full disk."""


class Turns:
    """`work` returns when it wants its next turn, None for not before it is asked."""

    def __init__(self, work: Callable[[], Awaitable[datetime | None]], parts: NotifyParts) -> None:
        self._work = work
        self._clock = parts.clock
        self._tasks = parts.tasks
        self._alarm = parts.alarm.part()
        self._asked = asyncio.Event()
        self.closing = False
        """No more turns follow the one that goes on."""

    def ask(self) -> None:
        """Have a turn soon; asking often before it comes is asking once."""
        self._asked.set()

    def close(self) -> None:
        self.closing = True
        self._asked.set()

    async def run(self) -> None:
        """Go on until it is closed."""
        while True:
            await self._asked.wait()
            if self.closing:
                return
            self._asked.clear()
            await self.turn()

    async def turn(self) -> None:
        """Do the work once, and set the alarm for its next turn."""
        self._alarm.set(await self._attempt(), self.ask)

    async def _attempt(self) -> datetime | None:
        try:
            return await self._work()
        except EngineError as error:
            logger.warning("put off", extra={"work": self._work.__qualname__, "error": str(error)})
        except Exception as error:
            self._tasks.failed(error)
        return self._clock.now() + TRY_AGAIN
