"""Count a run that ends, in the transaction that makes its row final.

So an end is counted if, and only if, its row says so: one that is told twice changes no row
the second time, and is not counted then. Two rows change: that of the script and day, and
that of all scripts together.
"""
# Only names of columns, all from this module, are put into SQL; values never are.
# ruff: noqa: S608

import sqlite3

from engine.model.run import Run, RunStatus
from engine.store.moments import stored

_DAY = 86_400_000_000

ALL = ""
"""Stands for all scripts together: no script has this id."""

_MAKE = "INSERT INTO statistics (script, day) VALUES (?, ?)"


def _count(status: RunStatus) -> str:
    return f"""
    UPDATE statistics SET
        {status} = {status} + 1,
        measured = measured + (?3 IS NOT NULL),
        duration_ms = duration_ms + coalesce(?3, 0),
        shortest_ms = min(coalesce(shortest_ms, ?3), coalesce(?3, shortest_ms)),
        longest_ms = max(coalesce(longest_ms, ?3), coalesce(?3, longest_ms)),
        cpu_ms = cpu_ms + ?4,
        most_cpu_ms = max(most_cpu_ms, ?4),
        memory_runs = memory_runs + (?5 > 0),
        memory_bytes = memory_bytes + ?5,
        most_memory_bytes = max(most_memory_bytes, ?5),
        durations = with_duration(durations, ?3)
    WHERE script = ?1 AND day = ?2"""


_COUNT = {status: _count(status) for status in RunStatus if status.final}


def count_end(connection: sqlite3.Connection, run: Run) -> None:
    """Count a run whose row has just become final.

    On the day on which it ended, in UTC, as `durations` and migration 0007 have it.
    """
    day = stored(run.finished_at or run.queued_at) // _DAY
    duration = run.duration_ms if run.started_at else None
    count = _COUNT[run.status]
    for script in (run.script, ALL):
        values = (script, day, duration, run.cpu_ms or 0, run.peak_memory_bytes or 0)
        if not connection.execute(count, values).rowcount:
            connection.execute(_MAKE, (script, day))
            connection.execute(count, values)
