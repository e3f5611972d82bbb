"""Runs and the ledger of scheduled moments, on SQLite.

A transition is one durable transaction. What makes it safe to repeat after a crash
is in the keys: an occurrence or a run that is there already is left alone, and a
run in a final status is never touched again, whatever arrives late.
"""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from engine.errors import InvalidInput
from engine.model.account import covers
from engine.model.identity import RunId, ScriptId
from engine.model.run import Occurrence, Outcome, Run
from engine.ports import Page, RunFilter, Transition
from engine.store import queries
from engine.store.cursors import cursor as cursor_for
from engine.store.cursors import placed, placed_number
from engine.store.database import Database
from engine.store.moments import moment, stored
from engine.store.rows import decoded
from engine.store.transitions import SMALL, only_starts, size, write

MATCHES_AT_ONCE = 200
MOST_MATCHES = 4_000
"""A search looks at no more matches for one page; the page is then short and has a cursor."""

FEW = 50
"""Scripts whose runs are walked side by side; more of them have runs everywhere in the list."""

_REQUESTED = "SELECT run_id FROM request_keys WHERE script = ? AND key = ?"
_LAST_OF_ALL = (2**63 - 1, "")
"""Later than every due time."""


class OutputSearch(Protocol):
    """Finds runs by words of their output; SqliteOutputArchive is one."""

    def matches(
        self, words: str, *, before: int | None, limit: int
    ) -> tuple[Sequence[tuple[int, RunId]], int | None]:
        """Return (position, run) of up to `limit` matches, the last to finish first.

        The second value is where to go on, None when all has been seen.
        Raises InvalidInput when there is no word in `words`.
        """
        ...


class SqliteRunStore:
    """Implements ports.RunStore. A page with `query` is in the order in which the runs finished."""

    def __init__(self, database: Database, search: OutputSearch | None = None) -> None:
        self._database = database
        self._search = search

    async def commit(self, transition: Transition) -> frozenset[RunId]:
        """Write a transition in one transaction, synced to disk before this returns.

        One that tells nothing but that runs have started is written without haste and not
        synced: the runner, and the claim in the run's directory, know it better than any row.
        An occurrence or a new run that is there already is left as it is, and the run of
        such an occurrence is not inserted again. Script, cause, trigger and queued time of
        a changed run stay as they were inserted. Returns the ids that were really inserted.
        """
        promised = not only_starts(transition)
        return await self._database.write(
            lambda connection: write(connection, transition),
            durable=promised,
            haste=promised,
            small=size(transition) <= SMALL,
        )

    def run(self, run_id: RunId) -> Run | None:
        return self._one(queries.BY_ID, run_id)

    def requested(self, script: ScriptId, key: str) -> RunId | None:
        """Return the run that was requested with this idempotency key."""
        row = self._database.read(
            lambda connection: connection.execute(_REQUESTED, (script, key)).fetchone()
        )
        return None if row is None else RunId(row[0])

    def active(self) -> Sequence[Run]:
        """Return all queued and running runs, oldest first."""
        rows = self._database.read(
            lambda connection: connection.execute(queries.ACTIVE_RUNS).fetchall()
        )
        return [decoded(row[1:]) for row in rows]

    def last_started(self, script: ScriptId) -> Run | None:
        """Return the newest run of the script that is final and really started."""
        return self._one(queries.LAST_STARTED, script)

    def last_runs(self, scripts: Collection[ScriptId] | None = None) -> Mapping[ScriptId, Run]:
        """Return the newest run of each script, in whatever state; None means of all."""

        def ask(connection: sqlite3.Connection) -> Sequence[tuple[object, ...]]:
            if scripts is None:
                return connection.execute(queries.LAST_RUNS).fetchall()
            if not scripts:
                return []
            query = queries.last_runs_query(tuple(scripts))
            return connection.execute(query.sql, query.values).fetchall()

        runs = map(decoded, self._database.read(ask))
        return {run.script: run for run in runs}

    def page(self, which: RunFilter, *, limit: int, cursor: str | None = None) -> Page[Run]:
        """Return runs, newest first. Raises InvalidInput for a cursor that is not ours.

        `since` is included, `until` is not; both are compared with the queued time. With
        `query` a page may be shorter than `limit` and still have a next one.
        """
        _require_positive(limit)
        if which.status is not None and not which.status:
            return Page(items=())
        if which.query is not None:
            return self._found(which, which.query, limit, cursor)
        after = None if cursor is None else placed_number("runs", cursor)

        def read(connection: sqlite3.Connection) -> list[Any]:
            covered = _covered(connection, which)
            if covered is not None and not covered:
                return []
            few = covered if covered and len(covered) <= FEW else ()
            query = queries.page_query(which, limit=limit + 1, after=after, covered=few)
            return connection.execute(query.sql, query.values).fetchall()

        rows = self._database.read(read)
        items = [decoded(row[1:]) for row in rows[:limit]]
        if len(rows) <= limit:
            return Page(items=items)
        seq = rows[limit - 1][0]
        return Page(
            items=items, next_cursor=cursor_for("runs", stored(items[-1].queued_at), str(seq))
        )

    def occurrences(
        self, script: ScriptId, *, limit: int, cursor: str | None = None
    ) -> Page[Occurrence]:
        """Return the script's ledger, newest due time first. Raises InvalidInput as `page` does."""
        _require_positive(limit)
        place, tie = _LAST_OF_ALL if cursor is None else placed("occurrences", cursor)
        rows = self._database.read(
            lambda connection: connection.execute(
                queries.OCCURRENCES, (script, place, tie, limit + 1)
            ).fetchall()
        )
        items = [
            Occurrence(
                script=script,
                trigger=trigger,
                due=moment(due),
                outcome=Outcome(outcome),
                reason=reason,
                run_id=run_id,
            )
            for due, trigger, outcome, reason, run_id in rows[:limit]
        ]
        if len(rows) <= limit:
            return Page(items=items)
        due, trigger = rows[limit - 1][:2]
        return Page(items=items, next_cursor=cursor_for("occurrences", due, trigger))

    def _found(self, which: RunFilter, words: str, limit: int, cursor: str | None) -> Page[Run]:
        if self._search is None:
            raise InvalidInput("output is not searchable here: leave the query out")
        position = None if cursor is None else placed("found", cursor)[0]
        found: list[Run] = []
        seen = 0
        while seen < MOST_MATCHES:
            matches, go_on = self._search.matches(words, before=position, limit=MATCHES_AT_ONCE)
            runs = self._by_ids(which, [run_id for _, run_id in matches])
            for place, run_id in matches:
                if run_id in runs:
                    if len(found) == limit:
                        return Page(items=found, next_cursor=_found_cursor(position))
                    found.append(runs[run_id])
                position = place
            if go_on is None:
                return Page(items=found)
            position = go_on
            seen += MATCHES_AT_ONCE
        return Page(items=found, next_cursor=_found_cursor(position))

    def _by_ids(self, which: RunFilter, ids: Sequence[RunId]) -> Mapping[RunId, Run]:
        query = queries.by_ids_query(which, ids)
        rows = self._database.read(
            lambda connection: connection.execute(query.sql, query.values).fetchall()
        )
        return {run.id: run for run in map(decoded, rows)}

    def _one(self, sql: str, value: str) -> Run | None:
        row = self._database.read(lambda connection: connection.execute(sql, (value,)).fetchone())
        return None if row is None else decoded(row)


def _found_cursor(position: int | None) -> str:
    return cursor_for("found", position or 0)


def _require_positive(limit: int) -> None:
    if limit < 1:
        raise InvalidInput(f"limit {limit} is too small: a page has at least one row")


def _covered(connection: sqlite3.Connection, which: RunFilter) -> Sequence[str] | None:
    """Return the scripts with runs that the filter's patterns let through; None without any."""
    if not which.scripts or which.script is not None:
        return None
    names = connection.execute(queries.SCRIPTS_WITH_RUNS)
    return [script for (script,) in names if covers(which.scripts, script)]
