"""How the engine's process stops: what signals mean to it, and how long it waits for runs.

Under a runner the runner decides about the runs, and the engine only stays to write
down how they end. Alone (see `guard`) it decides itself and has the runner do it.
"""

import asyncio
import logging
import os
import signal
from typing import Protocol

from engine.errors import Unavailable
from engine.model.status import Health
from schemas.settings import RunSettings

logger = logging.getLogger("pysched")

_POLITE = 2
"""Signals to stop after which runs are still waited for."""


class Stoppable(Protocol):
    """What of the engine the stop needs."""

    def health(self) -> Health: ...

    def drain(self) -> None: ...

    def end_runs(self) -> None: ...


class Stopping:
    """One stop, from the first signal on; to be made on the event loop."""

    def __init__(self, settings: RunSettings, *, alone: bool) -> None:
        self.asked = asyncio.Event()
        """Set once the process is to end."""
        self.again = False
        """A new server is to take the place of this one."""
        self._settings = settings
        self._alone = alone
        self._waits = settings.on_stop != "leave"
        self._ends_runs = alone and settings.on_stop == "cancel"
        self._signals = 0
        self._interactive = os.isatty(0)
        self._change = asyncio.Event()

    @property
    def drains(self) -> bool:
        """Whether the runs get time to end by themselves."""
        return self._waits and self._settings.on_stop == "drain"

    def install(self) -> None:
        """Listen to the signals."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ask)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)

    def ask(self) -> None:
        """Stop as set; the second time end the runs that are waited for, then wait no more."""
        self._signals += 1
        if self._signals >= _POLITE and self._alone:
            self._ends_runs = True
        if self._signals > (_POLITE if self._alone else 1):
            self._waits = False
        self.asked.set()
        self._change.set()

    def hand_over(self) -> None:
        """Go at once; the runner keeps the runs going, or ends them, as it was told."""
        self._waits = False
        self.asked.set()
        self._change.set()

    def look_again(self) -> None:
        """Something changed that may be what is waited for."""
        self._change.set()

    def _hang_up(self) -> None:
        """Replace this engine; but a terminal that was closed under it means to stop."""
        if not self._alone:
            self.hand_over()
        elif self._interactive and not os.isatty(0):
            self.ask()
        else:
            self.again = not self.asked.is_set()
            self.hand_over()

    async def wait_for_runs(self, engine: Stoppable) -> None:
        """Return when the runs are over, or are no longer to be waited for."""
        engine.drain()
        limit = self._settings.drain_timeout.total_seconds()
        timer = asyncio.get_running_loop().call_later(limit, self._time_is_up)
        told = False
        try:
            while self._waits and engine.health().running:
                if self._ends_runs and not told:
                    engine.end_runs()
                    told = True
                self._change.clear()
                await self._change.wait()
        except Unavailable as error:
            logger.warning("the runs cannot be ended", extra={"reason": str(error)})
        finally:
            timer.cancel()

    def _time_is_up(self) -> None:
        self._ends_runs = self._alone
        self._change.set()
