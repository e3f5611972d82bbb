"""Keep the processes that complete: none while nobody types, a few at most, each replaceable.

One is started for the first question and ended after a quiet minute. One that hangs,
crashes, holds too much or answers nonsense is ended at once: whoever asked is told to ask
again, and the next question gets a new one.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Protocol

from engine.companion import Companion
from engine.editing.question import (
    LONGEST_ANSWER,
    Answer,
    BadAnswer,
    Question,
    question_line,
    read_answer,
)
from engine.editing.turns import Turns
from engine.errors import CommandFailed, InvalidInput, Unavailable
from engine.model.completion import Completions

logger = logging.getLogger(__name__)

AT_ONCE = 2
"""Processes at most."""
PATIENCE_SECONDS = 3.0
"""How long anybody waits for an answer, the start of a process and a turn included."""
SECONDS = 10.0
"""For one answer. It is longer, so that a large package, once read, is known to the next."""
START_SECONDS = 15.0
"""Until a new process has imported what it needs."""
IDLE_SECONDS = 60.0
MEMORY = 250_000_000
"""Bytes that a process may hold and still be asked again."""
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


class Helper(Protocol):
    """A process to be asked; `Companion` is the real one."""

    @property
    def alive(self) -> bool: ...

    def ask(self, question: bytes, *, seconds: float, longest: int) -> bytes: ...

    def end(self) -> None: ...


def start_completer(cache: Path) -> Helper:
    """Start a completer, and wait until it can be asked; blocking. Raises CommandFailed.

    In `cache` it keeps what it has read of large packages. It trusts what is there, so the
    directory is for nobody else.
    """
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(f"{cache} cannot be created: {error.strerror}") from None
    program = [sys.executable, "-I", "-m", "engine.editing.completer", str(cache)]
    companion = Companion(program, cwd=Path("/"), env=ENVIRONMENT)
    try:
        companion.ask(b"", seconds=START_SECONDS, longest=LONGEST_ANSWER)
    except CommandFailed:
        companion.end()
        raise
    return companion


class Completers:
    """Use on one event loop."""

    def __init__(
        self,
        start: Callable[[], Helper],
        *,
        at_once: int = AT_ONCE,
        patience: float = PATIENCE_SECONDS,
        seconds: float = SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._start = start
        self._turns = Turns(at_once)
        self._patience = patience
        self._seconds = seconds
        self._idle_seconds = idle_seconds
        self._idle: list[Helper] = []
        self._busy: set[Helper] = set()
        self._closed = False
        self._working: set[asyncio.Task[Completions]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Future[None]] = set()

    async def complete(self, question: Question, *, asker: Hashable) -> Completions:
        """Ask for completions; `asker` says who types, and in which file.

        Raises InvalidInput for a position that is not in the text, Superseded when a newer
        question came while this one waited, and Unavailable when there is no answer.
        """
        begun = asyncio.Event()
        work = asyncio.create_task(self._in_turn(question, asker, begun))
        self._working.add(work)
        work.add_done_callback(self._over)
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.shield(work)
        except TimeoutError:
            raise Unavailable(
                f"there is no completion after {self._patience:g} s; ask again in a moment"
            ) from None
        finally:
            # A process that has begun goes on, and its turn ends with it.
            if not begun.is_set():
                work.cancel()

    async def _in_turn(
        self, question: Question, asker: Hashable, begun: asyncio.Event
    ) -> Completions:
        async with self._turns.turn(asker):
            begun.set()
            self._hold_timer()
            try:
                return await self._ask(question)
            finally:
                self._start_timer()

    def _over(self, work: asyncio.Task[Completions]) -> None:
        self._working.discard(work)
        if not work.cancelled():
            # Whoever asked may be gone; what went wrong is in the log.
            work.exception()

    async def close(self) -> None:
        """End all processes, at work or not."""
        self._closed = True
        self._hold_timer()
        for helper in (*self._busy, *self._idle):
            await asyncio.to_thread(helper.end)
        self._idle.clear()
        # What was starting ends itself.
        await asyncio.gather(*self._working, *self._ending, return_exceptions=True)

    async def _ask(self, question: Question) -> Completions:
        try:
            helper = await self._ready()
        except CommandFailed as error:
            raise _no_answer(error) from None
        self._busy.add(helper)
        good = False
        try:
            answer = await self._answer(helper, question)
            good = answer.memory <= MEMORY
            return answer.completions
        except InvalidInput:
            good = True
            raise
        except (CommandFailed, BadAnswer) as error:
            raise _no_answer(error) from None
        finally:
            self._busy.discard(helper)
            if good and not self._closed:
                self._idle.append(helper)
            else:
                await asyncio.to_thread(helper.end)

    async def _answer(self, helper: Helper, question: Question) -> Answer:
        if self._closed:
            raise CommandFailed("the server stops")
        line = await asyncio.to_thread(
            helper.ask, question_line(question), seconds=self._seconds, longest=LONGEST_ANSWER
        )
        return read_answer(line)

    async def _ready(self) -> Helper:
        while self._idle:
            helper = self._idle.pop()
            if helper.alive:
                return helper
            await asyncio.to_thread(helper.end)
        return await asyncio.to_thread(self._start)

    def _hold_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start_timer(self) -> None:
        self._hold_timer()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._idle_seconds, self._end_idle)

    def _end_idle(self) -> None:
        self._timer = None
        for helper in self._idle:
            done = asyncio.get_running_loop().run_in_executor(None, helper.end)
            self._ending.add(done)
            done.add_done_callback(self._ending.discard)
        self._idle.clear()


def _no_answer(error: Exception) -> Unavailable:
    logger.warning("a completion failed", extra={"error": str(error)})
    return Unavailable(f"no completion could be made: {error}. Try again.")
