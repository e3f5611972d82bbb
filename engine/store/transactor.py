"""Make groups of changes on one connection, each group in one transaction."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.store.failures import translated


@dataclass(slots=True, eq=False)
class Job:
    """A change that somebody waits for."""

    change: Callable[[sqlite3.Connection], Any]
    durable: bool
    small: bool
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class _GroupLost(Exception):
    """SQLite itself has rolled the whole transaction back; what came before is gone with it."""


class Transactor:
    """Not to be used by two threads at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._synchronous = ""

    def commit(self, batch: Sequence[Job]) -> None:
        """Make the changes, and note in each job its result or what went wrong."""
        try:
            self._transact(batch)
        except _GroupLost:
            # A disk too full for one of them need not be so for the others.
            for job in batch:
                self.commit([job])
        except Exception as error:
            readable = self._readable(error)
            for job in batch:
                job.error = readable

    def try_commit(self, batch: Sequence[Job]) -> bool:
        """Make the changes, or return False, having changed nothing.

        Whatever is in the way, `commit` on a patient connection waits for it or says it.
        """
        try:
            self._transact(batch)
        except Exception:
            return False
        return True

    def checkpoint(self) -> str:
        """Bring the write-ahead log into the file; returns what went wrong.

        Nothing is lost then: the log stays as it is and the next checkpoint takes it.
        """
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            return str(error)
        return ""

    def close(self) -> None:
        self._connection.close()

    def _transact(self, batch: Sequence[Job]) -> None:
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

    def _synchronize(self, mode: str) -> None:
        # The setting cannot be changed inside a transaction.
        if mode != self._synchronous:
            self._connection.execute(f"PRAGMA synchronous = {mode}")
            self._synchronous = mode

    def _change_apart(self, job: Job) -> None:
        connection = self._connection
        connection.execute("SAVEPOINT one")
        job.error = None
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
