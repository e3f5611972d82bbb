"""The journal: what the loop did and what failed, bounded to the newest lines."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.ports import Clock
from engine.store.database import Database
from engine.store.moments import moment, stored

LONGEST = 10_000
"""Lines that are kept."""

_INSERT = "INSERT INTO journal (at, action, subject, detail, error) VALUES (?, ?, ?, ?, ?)"
_TRIM = "DELETE FROM journal WHERE id <= ?"
_NEWEST = "SELECT at, action, subject, detail, error FROM journal ORDER BY id DESC LIMIT ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    at: datetime
    action: str
    subject: str
    detail: str
    error: str
    """An EngineError's code, empty for success."""


class SqliteJournal:
    """Implements ports.Journal."""

    def __init__(self, database: Database, clock: Clock, *, longest: int = LONGEST) -> None:
        self._database = database
        self._clock = clock
        self._longest = longest

    async def record(self, action: str, subject: str, detail: str = "", error: str = "") -> None:
        """Write one line; `error` is an EngineError's code, empty for success."""
        values = (stored(self._clock.now()), action, subject, detail, error)

        def write(connection: sqlite3.Connection) -> None:
            newest = connection.execute(_INSERT, values).lastrowid or 0
            connection.execute(_TRIM, (newest - self._longest,))

        # The newest lines may be lost with the machine, but none with the program.
        await self._database.write(write, durable=False)

    def newest(self, limit: int) -> Sequence[JournalLine]:
        """Return the newest lines, newest first."""
        rows = self._database.read(
            lambda connection: connection.execute(_NEWEST, (limit,)).fetchall()
        )
        return [
            JournalLine(at=moment(at), action=action, subject=subject, detail=detail, error=error)
            for at, action, subject, detail, error in rows
        ]
