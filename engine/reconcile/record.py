"""Write transitions: first to disk, then to memory, then to whoever listens.

The order is the promise "recorded before anything starts": a run is counted for
overlap from the moment it is decided on, so that no two decisions are made on the
same facts, yet nothing starts it before its row is on disk.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from engine.errors import EngineError, Unavailable, UnusableDatabase
from engine.model.event import Listener, RunChanged
from engine.model.identity import RunId
from engine.model.run import Run
from engine.notify.rules import ends_to_tell, wants
from engine.ports import RunStore, Transition
from engine.reconcile.state import State

logger = logging.getLogger(__name__)

T = TypeVar("T")

PAUSE_SECONDS = 1.0
"""Between attempts to write while the disk is full or the database locked."""


def _as_it_is(run: Run) -> Run:
    return run


class Recorder:
    def __init__(self, runs: RunStore, state: State, publish: Listener) -> None:
        self._runs = runs
        self._state = state
        self._publish = publish
        self._line = asyncio.Lock()
        self._behind = 0
        self.stamp: Callable[[Run], Run] = _as_it_is
        """Adds to a new run what it would start from."""
        self.failure: str | None = None
        """Why nothing can be written at the moment; None when all is well."""

    async def record(self, transition: Transition) -> None:
        """Reserve the new runs at once, then write all of it.

        Nothing is dropped when the disk is full: what happened to runs is held
        here, and by the runner, until it can be written.
        """
        await self.write(transition, self._state.reserve(transition.new_runs))

    async def write(self, transition: Transition, reserved: Collection[RunId]) -> None:
        """Write a transition some of whose new runs were reserved by the caller.

        Listeners hear of new runs and of ends. That a run has started is known from the
        runner and not from the disk, so whoever hears of it tells it at once.
        """
        inserted: Collection[RunId] = ()
        try:
            transition = replace(
                transition,
                new_runs=self._stamped(transition.new_runs),
                ends_to_tell=self._to_tell(transition),
            )
            inserted = await self.insist(lambda: self._runs.commit(transition))
        finally:
            # One that was not inserted belongs to a moment that was settled before.
            self._state.settle(reserved, on_record=inserted)
        inserted_runs = [run for run in transition.new_runs if run.id in inserted]
        ended_runs = [run for run in transition.changed_runs if run.status.final]
        for run in (*inserted_runs, *ended_runs):
            self._publish(RunChanged(run))
        self._remember(transition)

    def _to_tell(self, transition: Transition) -> Sequence[RunId]:
        """Return the runs whose end is to be looked at by whoever tells people."""
        ended = [
            run
            for run in (*transition.changed_runs, *transition.new_runs)
            if run.status.final and wants(self._state.script(run.script))
        ]
        return ends_to_tell(ended, transition.new_runs) if ended else ()

    def _stamped(self, runs: Iterable[Run]) -> list[Run]:
        stamped: list[Run] = []
        for run in runs:
            if run.id in self._state.unrecorded and self._state.active.get(run.id) is not None:
                # One of ours: any other is on record as it is, or over.
                run = self.stamp(run)
                self._state.active.put(run)
            stamped.append(run)
        return stamped

    async def insist(self, write: Callable[[], Awaitable[T]]) -> T:
        """Return what a write gives, however long the disk takes to let it.

        While one has to be repeated, all others wait behind it, so that they reach
        the disk in the order in which they were asked for.
        """
        if not self._behind:
            try:
                return await self._attempt(write)
            except Unavailable as error:
                self._fail(error)
        self._behind += 1
        try:
            async with self._line:
                return await self._repeat(write)
        finally:
            self._behind -= 1

    async def _repeat(self, write: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await self._attempt(write)
            except Unavailable as error:
                self._fail(error)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _attempt(self, write: Callable[[], Awaitable[T]]) -> T:
        try:
            result = await write()
        except UnusableDatabase as error:
            # No use in trying again, but whoever asks for the server's health has to know.
            self._fail(error)
            raise
        self.failure = None
        return result

    def _fail(self, error: EngineError) -> None:
        if self.failure is None:
            logger.error("cannot write to the database", extra={"error": str(error)})
        self.failure = str(error)

    def _remember(self, transition: Transition) -> None:
        """Bring what is known of triggers up to date; scripts that are gone are left alone."""
        for (script, key), due in transition.last_due.items():
            in_force = self._state.scripts.get(script)
            if in_force is not None:
                last_due = {**in_force.last_due, key: due}
                self._state.put(replace(in_force, last_due=last_due))
        for (script, key), seen in transition.files.items():
            in_force = self._state.scripts.get(script)
            if in_force is not None:
                self._state.put(replace(in_force, files={**in_force.files, key: seen}))
