"""The one writer: all changes to a database go through one thread and are committed in groups.

SQLite has one writer at a time anyway; a queue in front of it replaces waiting
for locks by order, and what gathers in the queue while the disk syncs shares the
next sync. Each write has a savepoint of its own, so one that fails takes no other
with it. A write is told to its caller only once it is committed.

A write that nobody waits for is taken along by the next one, which saves it a
transaction and two changes of threads: that is half of what a short run costs here.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from engine.errors import Unavailable
from engine.store.failures import translated

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


class _GroupLost(Exception):
    """SQLite itself has rolled the whole transaction back; what came before is gone with it."""


@dataclass(slots=True, eq=False)
class _Job:
    change: Callable[[sqlite3.Connection], Any]
    durable: bool
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Owns the writing connection of one database."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._synchronous = ""
        self._since_checkpoint = 0
        self._queue: SimpleQueue[Sequence[_Job] | None] = SimpleQueue()
        self._closed = False
        self._patient: list[_Job] = []
        self._leaving = False
        self._gate = Lock()
        self._thread = Thread(target=self._serve, name=f"write {path.name}", daemon=True)
        self._thread.start()

    async def write(
        self, change: Callable[[sqlite3.Connection], T], *, durable: bool, haste: bool = True
    ) -> T:
        """Run `change` in a transaction and return its result once that is committed.

        `change` may be run more than once, and only the last time counts: it must do
        nothing but read and write the database. With `durable` the commit is on
        the disk; without, it survives a crash of the program but not of the machine.
        Without `haste` it waits up to PATIENCE for another write to go along with;
        all are made in the order in which they were asked for.
        Raises what `change` raises, Unavailable, or UnusableDatabase.
        """
        loop = asyncio.get_running_loop()
        job = _Job(change, durable, loop, loop.create_future())
        with self._gate:
            if self._closed:
                raise Unavailable(f"{self._path}: the database is closed, pysched is stopping.")
            self._patient.append(job)
            if haste:
                self._leave_soon(loop)
            elif len(self._patient) == 1:
                loop.call_later(PATIENCE, self._lose_patience)
        return await job.future

    def _leave_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hand over once what is being done now has asked for its writes too; under the gate."""
        if not self._leaving:
            self._leaving = True
            loop.call_soon(self._lose_patience)

    def _lose_patience(self) -> None:
        with self._gate:
            self._leaving = False
            self._go()

    def _go(self) -> None:
        """Hand over what has gathered; under the gate."""
        if self._patient and not self._closed:
            self._queue.put(self._patient)
            self._patient = []

    def close(self) -> None:
        """Commit all that is queued, then close the connection; blocks until it is done."""
        with self._gate:
            self._go()
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _serve(self) -> None:
        open_for_more = True
        while open_for_more:
            batch, open_for_more = self._gather()
            if batch:
                self._commit(batch)
                _tell(batch)
        self._connection.close()

    def _gather(self) -> tuple[list[_Job], bool]:
        """Wait for writes and take all that are there; the flag says if more may follow."""
        batch: list[_Job] = []
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

    def _next(self) -> Sequence[_Job] | None:
        if self._since_checkpoint >= COMMITS_TO_CHECKPOINT:
            try:
                return self._queue.get(timeout=QUIET)
            except Empty:
                self._checkpoint()
        return self._queue.get()

    def _commit(self, batch: Sequence[_Job]) -> None:
        try:
            self._transact(batch)
        except _GroupLost:
            # A disk too full for one of them need not be so for the others.
            for job in batch:
                self._commit([job])
        except Exception as error:
            readable = self._readable(error)
            for job in batch:
                job.error = readable

    def _transact(self, batch: Sequence[_Job]) -> None:
        connection = self._connection
        self._synchronize("FULL" if any(job.durable for job in batch) else "NORMAL")
        try:
            connection.execute("BEGIN IMMEDIATE")
            if len(batch) == 1:
                batch[0].error = None
                batch[0].result = batch[0].change(connection)
            else:
                for job in batch:
                    self._change_apart(job)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._since_checkpoint += 1

    def _synchronize(self, mode: str) -> None:
        # The setting cannot be changed inside a transaction.
        if mode != self._synchronous:
            self._connection.execute(f"PRAGMA synchronous = {mode}")
            self._synchronous = mode

    def _change_apart(self, job: _Job) -> None:
        connection = self._connection
        connection.execute("SAVEPOINT one")
        try:
            job.result = job.change(connection)
        except Exception as error:
            if not connection.in_transaction:
                raise _GroupLost from error
            connection.execute("ROLLBACK TO one")
            job.error = self._readable(error)
        connection.execute("RELEASE one")

    def _readable(self, error: BaseException) -> BaseException:
        ours = translated(self._path, error) if isinstance(error, sqlite3.Error) else None
        if ours is None:
            return error
        ours.__cause__ = error
        return ours

    def _checkpoint(self) -> None:
        self._since_checkpoint = 0
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            # Nothing is lost: the log stays as it is and the next checkpoint takes it.
            logger.warning(
                "checkpoint failed", extra={"database": str(self._path), "reason": str(error)}
            )


def _tell(batch: Sequence[_Job]) -> None:
    for loop in {job.loop for job in batch}:
        mine = [job for job in batch if job.loop is loop]
        try:
            loop.call_soon_threadsafe(_settle, mine)
        except RuntimeError:
            # The loop is closed, and with it everyone who waited; the data is committed.
            logger.warning("nobody waits for a write any more", extra={"writes": len(mine)})


def _settle(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is None:
            job.future.set_result(job.result)
        else:
            job.future.set_exception(job.error)
