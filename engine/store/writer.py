"""The one writer: all changes to a database are made one after another, in groups, by a thread.

SQLite has one writer at a time anyway; a queue in front of it replaces waiting
for locks by order, and what gathers in the queue while the disk syncs shares the
next sync. Each write has a savepoint of its own, so one that fails takes no other
with it. A write is told to its caller only once it is committed.

A write that nobody waits for is taken along by the next one, which saves it a
transaction and two changes of threads: that is half of what a short run costs here.

Small writes are made on the event loop itself while the disk is quick and the thread has
nothing to do: two changes of threads cost half as much again as the commit, and the sync
of a quick disk takes half a millisecond. It has a connection of its own that waits for
nobody; what it cannot do at once is the thread's.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import TypeVar

from engine.errors import Unavailable
from engine.model.histogram import Histogram
from engine.store.transactor import Job, Transactor

logger = logging.getLogger(__name__)

T = TypeVar("T")

LARGEST_GROUP = 256
"""Bounds how long the first of a group waits for the others."""

COMMITS_TO_CHECKPOINT = 250
"""About 1,000 pages; SQLite's own checkpoint stays as a bound for a queue that never empties."""

PATIENCE = 0.05
"""Seconds that a write without haste waits for one to go along with."""

QUIET = 0.1
"""Seconds without a write before a checkpoint, which would hold the next one up."""

SLOW = 0.004
"""Seconds of a commit after which the event loop makes none for SLOW_FOR seconds."""
SLOW_FOR = 10.0
MOST_AT_ONCE = 16
"""Small writes that the event loop makes together."""

BOUNDS = (0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10)
"""Of a commit, in seconds: from a quick disk to one that hangs."""


class Writer:
    """Owns the connections of one database that write."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, quick: sqlite3.Connection | None = None
    ) -> None:
        """Make both connections this writer's own.

        `quick` is the event loop's and must have no busy timeout; without it, all writes are
        made in the thread.
        """
        self._path = path
        self._patient_hand = Transactor(path, connection)
        self._quick_hand = Transactor(path, quick) if quick is not None else None
        self._turn = Lock()
        """Held by whoever writes."""
        self.seconds = Histogram(BOUNDS)
        """Of commits; changed by whoever has the turn."""
        self._handed = 0
        """Jobs that the thread was given and has not committed."""
        self._slow_until = 0.0
        self._since_checkpoint = 0
        self._is_poked = False
        self._queue: SimpleQueue[Sequence[Job] | None] = SimpleQueue()
        self._closed = False
        self._patient: list[Job] = []
        self._leaving = False
        self._gate = Lock()
        self._thread = Thread(target=self._serve, name=f"write {path.name}", daemon=True)
        self._thread.start()

    async def write(
        self,
        change: Callable[[sqlite3.Connection], T],
        *,
        durable: bool,
        haste: bool = True,
        small: bool = False,
    ) -> T:
        """Run `change` in a transaction and return its result once that is committed.

        `change` may be run more than once, and only the last time counts: it must do
        nothing but read and write the database. With `durable` the commit is on
        the disk; without, it survives a crash of the program but not of the machine.
        Without `haste` it waits up to PATIENCE for another write to go along with;
        all are made in the order in which they were asked for. A `small` one takes well
        below a millisecond beside the sync.
        Raises what `change` raises, Unavailable, or UnusableDatabase.
        """
        loop = asyncio.get_running_loop()
        job = Job(change, durable, small, loop, loop.create_future())
        with self._gate:
            if self._closed:
                raise self._closed_error()
            self._patient.append(job)
            if haste:
                self._leave_soon(loop)
            elif len(self._patient) == 1:
                loop.call_later(PATIENCE, self._lose_patience)
        return await job.future

    @property
    def waiting(self) -> int:
        """How many writes are asked for and not committed; a moment old."""
        return self._handed + len(self._patient)

    def _closed_error(self) -> Unavailable:
        return Unavailable(f"{self._path}: the database is closed, pysched is stopping.")

    def _leave_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hand over once what is being done now has asked for its writes too; under the gate."""
        if not self._leaving:
            self._leaving = True
            loop.call_soon(self._leave, loop)

    def _leave(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._gate:
            self._leaving = False
            jobs = self._quick_jobs(loop)
            if not jobs:
                self._go()
                return
        began = loop.time()
        try:
            done = self._quick_hand is not None and self._quick_hand.try_commit(jobs)
            took = loop.time() - began
            if done:
                self.seconds.observe(took)
        finally:
            self._turn.release()
        if took > SLOW:
            self._slow_until = loop.time() + SLOW_FOR
        if done:
            self._committed()
            _settle(jobs)
        else:
            self._leave_to_the_thread(jobs)

    def _leave_to_the_thread(self, jobs: list[Job]) -> None:
        with self._gate:
            self._patient = jobs + self._patient
            self._go()
            left, self._patient = self._patient, []
        for job in left:
            job.error = self._closed_error()
        _settle(left)

    def _quick_jobs(self, loop: asyncio.AbstractEventLoop) -> list[Job]:
        """Take what waits, and the turn, if all of it can be written here and now."""
        jobs = self._patient
        here = (
            self._quick_hand is not None
            and not self._closed
            and len(jobs) <= MOST_AT_ONCE
            and not self._handed
            and loop.time() >= self._slow_until
            and all(job.small and job.loop is loop for job in jobs)
        )
        if not (here and jobs and self._turn.acquire(blocking=False)):
            return []
        self._patient = []
        return jobs

    def _committed(self) -> None:
        self._since_checkpoint += 1
        if self._since_checkpoint >= COMMITS_TO_CHECKPOINT and not self._is_poked:
            # For the thread to see that one is due.
            self._is_poked = True
            self._queue.put([])

    def _lose_patience(self) -> None:
        with self._gate:
            self._go()

    def _go(self) -> None:
        """Hand over what has gathered; under the gate."""
        if self._patient and not self._closed:
            self._handed += len(self._patient)
            self._queue.put(self._patient)
            self._patient = []

    def close(self) -> None:
        """Commit all that is queued, then close the connection; blocks until it is done."""
        with self._gate:
            self._go()
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        if self._quick_hand is not None:
            # First, for the last one to close takes the log into the file.
            with self._turn:
                self._quick_hand.close()
        self._thread.join()

    def _serve(self) -> None:
        open_for_more = True
        while open_for_more:
            batch, open_for_more = self._gather()
            if batch:
                with self._turn:
                    began = monotonic()
                    self._patient_hand.commit(batch)
                    self.seconds.observe(monotonic() - began)
                self._since_checkpoint += 1
                with self._gate:
                    self._handed -= len(batch)
                _tell(batch)
        self._patient_hand.close()

    def _gather(self) -> tuple[list[Job], bool]:
        """Wait for writes and take all that are there; the flag says if more may follow."""
        batch: list[Job] = []
        jobs = self._next()
        while jobs is not None:
            batch += jobs
            if len(batch) >= LARGEST_GROUP:
                return batch, True
            try:
                jobs = self._queue.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _next(self) -> Sequence[Job] | None:
        while (commits := self._since_checkpoint) >= COMMITS_TO_CHECKPOINT:
            try:
                return self._queue.get(timeout=QUIET)
            except Empty:
                if self._since_checkpoint == commits:
                    self._checkpoint()
        return self._queue.get()

    def _checkpoint(self) -> None:
        self._since_checkpoint = 0
        self._is_poked = False
        with self._turn:
            problem = self._patient_hand.checkpoint()
        if problem:
            logger.warning(
                "checkpoint failed", extra={"database": str(self._path), "reason": problem}
            )


def _tell(batch: Sequence[Job]) -> None:
    for loop in {job.loop for job in batch}:
        mine = [job for job in batch if job.loop is loop]
        try:
            loop.call_soon_threadsafe(_settle, mine)
        except RuntimeError:
            # The loop is closed, and with it everyone who waited; the data is committed.
            logger.warning("nobody waits for a write any more", extra={"writes": len(mine)})


def _settle(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is None:
            job.future.set_result(job.result)
        else:
            job.future.set_exception(job.error)
