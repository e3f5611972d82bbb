"""Delete what retention lets go, in slices, so that no commit waits long behind it.

For each script: its expired runs with their output, then its rows of the ledger
that are older than `keep.days`. Whatever belongs to a run elsewhere goes first, so
that a crash in between leaves a run without output and never the reverse.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.model.identity import RunId, ScriptId
from engine.model.script import Keep
from engine.store import queries
from engine.store.database import Database
from engine.store.moments import moment, stored
from engine.store.retention import Age, expired, oldest_kept

SLICE = 250
"""Rows a transaction: about 10 ms on a million rows."""

_DELETE_KEYS = "DELETE FROM request_keys WHERE run_id = ?"

Discard = Callable[[Sequence[RunId]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Pruned:
    runs: int
    occurrences: int


class Pruning:
    """Applies retention to the store of runs; `discard` removes what a run has elsewhere."""

    def __init__(self, database: Database, discard: Discard) -> None:
        self._database = database
        self._discard = discard

    async def prune(self, keeps: Mapping[ScriptId, Keep], default: Keep, now: datetime) -> Pruned:
        """Delete what is expired; `default` holds for scripts that are not there any more."""
        runs = occurrences = 0
        for script in await asyncio.to_thread(self._scripts):
            keep = keeps.get(script, default)
            runs += await self._prune_runs(script, keep, now)
            occurrences += await self._prune_ledger(script, keep, now)
        return Pruned(runs, occurrences)

    def _scripts(self) -> Sequence[ScriptId]:
        def ask(connection: sqlite3.Connection) -> set[ScriptId]:
            with_runs = connection.execute(queries.SCRIPTS_WITH_RUNS).fetchall()
            with_ledger = connection.execute(queries.SCRIPTS_WITH_OCCURRENCES).fetchall()
            return {ScriptId(script) for (script,) in (*with_runs, *with_ledger)}

        return sorted(self._database.read(ask))

    async def _prune_runs(self, script: ScriptId, keep: Keep, now: datetime) -> int:
        ids = await asyncio.to_thread(self._expired, script, keep, now)
        for start in range(0, len(ids), SLICE):
            part = ids[start : start + SLICE]
            await self._discard(part)
            await self._database.write(
                lambda connection, part=part: _delete(connection, part), durable=False
            )
        return len(ids)

    def _expired(self, script: ScriptId, keep: Keep, now: datetime) -> Sequence[RunId]:
        def ask(connection: sqlite3.Connection) -> Sequence[tuple[str, int, int, int]]:
            oldest = connection.execute(queries.OLDEST_RUN, (script,)).fetchone()
            one_more = connection.execute(queries.NTH_RUN, (script, keep.runs)).fetchone()
            if one_more is None and (oldest is None or moment(oldest[0]) >= oldest_kept(keep, now)):
                return ()
            return connection.execute(queries.AGES, (script,)).fetchall()

        ages = (
            Age(RunId(run_id), moment(queued_at), bool(started), not active)
            for run_id, queued_at, started, active in self._database.read(ask)
        )
        return list(expired(ages, keep, now))

    async def _prune_ledger(self, script: ScriptId, keep: Keep, now: datetime) -> int:
        values = (script, stored(oldest_kept(keep, now)), SLICE)
        deleted = 0
        while True:
            some = await self._database.write(
                lambda connection: connection.execute(queries.DELETE_OCCURRENCES, values).rowcount,
                durable=False,
            )
            deleted += some
            if some < SLICE:
                return deleted


def _delete(connection: sqlite3.Connection, ids: Sequence[RunId]) -> None:
    connection.executemany(_DELETE_KEYS, [(run_id,) for run_id in ids])
    connection.executemany(queries.DELETE_RUN, [(run_id,) for run_id in ids])
