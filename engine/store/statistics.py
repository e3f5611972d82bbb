"""What runs add up to, read from one row for each script and day.

`counting` writes them as runs end; here they are read and, when their time is over, deleted.
The rows of ALL are all scripts together, so that what is asked most often reads one row a
day and not one for each script.
"""
# Only names of columns, all from this module, are put into SQL; values never are.
# ruff: noqa: S608

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from engine.errors import InvalidInput
from engine.model.account import covers
from engine.model.identity import ScriptId
from engine.model.run import RunStatus
from engine.model.statistics import DayFigures, Figures, ScriptFigures, StatisticsFilter
from engine.ports import Page
from engine.store.counting import ALL
from engine.store.cursors import cursor as cursor_for
from engine.store.cursors import placed
from engine.store.database import Database
from engine.store.durations import added

_EPOCH = date(1970, 1, 1).toordinal()

_NAMES = """
WITH RECURSIVE names (script) AS (
    SELECT min(script) FROM statistics WHERE script > ?
    UNION ALL
    SELECT (SELECT min(next.script) FROM statistics AS next WHERE next.script > names.script)
    FROM names WHERE names.script IS NOT NULL
) SELECT script FROM names WHERE script IS NOT NULL"""

STATUSES = tuple(status for status in RunStatus if status.final)

_SUMS = (
    f"{', '.join(f'sum({status})' for status in STATUSES)}, "
    "sum(measured), sum(duration_ms), min(shortest_ms), max(longest_ms), sum(cpu_ms), "
    "max(most_cpu_ms), sum(memory_runs), sum(memory_bytes), max(most_memory_bytes)"
)
_OLDEST = "SELECT min(day) FROM statistics WHERE script = ?"
_DELETE = "DELETE FROM statistics WHERE script = ? AND day < ?"


def sums_query(scripts: int, *, together: bool) -> str:
    """Return the query for the day and the sums of so many scripts, for each day.

    With `together` all days are one, of number 0.
    """
    day = "0" if together else "day"
    return f"SELECT {day}, {_SUMS} FROM statistics WHERE {_which(scripts)} GROUP BY 1"


def durations_query(scripts: int, *, together: bool) -> str:
    """Return the query for the day and the durations of each script and day."""
    day = "0" if together else "day"
    return f"SELECT {day}, durations FROM statistics WHERE {_which(scripts)}"


def _which(scripts: int) -> str:
    return f"script IN ({', '.join('?' * scripts)}) AND day BETWEEN ? AND ?"


class SqliteStatistics:
    """Implements ports.Statistics."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def total(self, which: StatisticsFilter) -> Figures:
        def ask(connection: sqlite3.Connection) -> Figures:
            found = _read(connection, _scope(connection, which), which, together=True)
            return found.get(0, Figures())

        return self._database.read(ask)

    def by_day(self, which: StatisticsFilter) -> Sequence[DayFigures]:
        def ask(connection: sqlite3.Connection) -> Sequence[DayFigures]:
            found = _read(connection, _scope(connection, which), which)
            return [
                DayFigures(day=date.fromordinal(_EPOCH + day), figures=found[day])
                for day in sorted(found)
            ]

        return self._database.read(ask)

    def by_script(
        self, which: StatisticsFilter, *, limit: int, cursor: str | None = None
    ) -> Page[ScriptFigures]:
        if limit < 1:
            raise InvalidInput(f"limit {limit} is too small: a page has at least one row")
        after = ALL if cursor is None else placed("statistics", cursor)[1]

        def ask(connection: sqlite3.Connection) -> list[ScriptFigures]:
            found: list[ScriptFigures] = []
            for script in _names(connection, which, after):
                figures = _read(connection, [script], which, together=True).get(0)
                if figures is not None:
                    found.append(ScriptFigures(script=script, figures=figures))
                if len(found) > limit:
                    break
            return found

        found = self._database.read(ask)
        if len(found) <= limit:
            return Page(items=found)
        items = found[:limit]
        return Page(items=items, next_cursor=cursor_for("statistics", 0, items[-1].script))

    async def prune(self, before: date) -> int:
        """Forget all days before one; returns how many rows that were."""
        day = _number(before)

        def old(connection: sqlite3.Connection) -> list[str]:
            names = (ALL, *(script for (script,) in connection.execute(_NAMES, (ALL,)).fetchall()))
            oldest = ((name, connection.execute(_OLDEST, (name,)).fetchone()[0]) for name in names)
            return [name for name, first in oldest if first is not None and first < day]

        deleted = 0
        for name in await asyncio.to_thread(self._database.read, old):
            deleted += await self._database.write(
                lambda connection, name=name: connection.execute(_DELETE, (name, day)).rowcount,
                durable=False,
            )
        return deleted


def _scope(connection: sqlite3.Connection, which: StatisticsFilter) -> Sequence[str]:
    """Return the scripts whose rows add up to what the filter lets through."""
    return list(_names(connection, which, ALL)) if which.narrow else (ALL,)


def _names(
    connection: sqlite3.Connection, which: StatisticsFilter, after: str
) -> Iterator[ScriptId]:
    if which.script is not None:
        if which.script > after and _lets_through(which, which.script):
            yield which.script
        return
    for (script,) in connection.execute(_NAMES, (after,)):
        if _lets_through(which, script):
            yield ScriptId(script)


def _lets_through(which: StatisticsFilter, script: str) -> bool:
    if which.folder and not script.startswith(f"{which.folder}/"):
        return False
    return covers(which.patterns, script)


def _read(
    connection: sqlite3.Connection,
    scripts: Sequence[str],
    which: StatisticsFilter,
    *,
    together: bool = False,
) -> dict[int, Figures]:
    """Return figures by the number of the day, or all `together` under 0."""
    if not scripts:
        return {}
    values = (*scripts, _number(which.first), _number(which.last))
    durations: defaultdict[int, list[bytes | None]] = defaultdict(list)
    for day, counts in connection.execute(durations_query(len(scripts), together=together), values):
        durations[day].append(counts)
    sums = connection.execute(sums_query(len(scripts), together=together), values)
    return {day: _figures(row, durations[day]) for day, *row in sums}


def _figures(row: Sequence[Any], durations: Sequence[bytes | None]) -> Figures:
    """Return the figures of a row of _SUMS."""
    counts = zip(STATUSES, row, strict=False)
    (
        measured, duration, shortest, longest, cpu, most_cpu, memory_runs, memory, most_memory,
    ) = row[len(STATUSES) :]  # fmt: skip
    return Figures(
        runs={status: runs for status, runs in counts if runs},
        measured=measured,
        duration_ms=duration,
        shortest_ms=shortest,
        longest_ms=longest,
        cpu_ms=cpu,
        most_cpu_ms=most_cpu if measured else None,
        memory_runs=memory_runs,
        memory_bytes=memory,
        most_memory_bytes=most_memory if memory_runs else None,
        by_range=added(durations),
    )


def _number(day: date) -> int:
    return day.toordinal() - _EPOCH
