"""Write a transition: the rows that it changes, and what follows from them, in one go."""

import json
import sqlite3
from collections.abc import Iterable

from engine.model.identity import RunId
from engine.model.run import Occurrence, RunStatus
from engine.ports import Transition
from engine.store import queries
from engine.store.counting import count_end
from engine.store.moments import stored
from engine.store.rows import changing_values, fixed_values

SMALL = 8
"""Rows of a transition that takes no time worth speaking of beside the sync of the disk."""

_INSERT_OCCURRENCE = (
    'INSERT OR IGNORE INTO occurrences (script, due, "trigger", outcome, reason, run_id) '
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_SET_LAST_DUE = (
    'INSERT INTO trigger_state (script, "trigger", last_due) VALUES (?, ?, ?) '
    'ON CONFLICT (script, "trigger") DO UPDATE SET last_due = excluded.last_due'
)
_SET_FILES = 'UPDATE trigger_state SET files = ? WHERE script = ? AND "trigger" = ?'
_INSERT_KEY = "INSERT OR IGNORE INTO request_keys (script, key, run_id) VALUES (?, ?, ?)"
_INSERT_END = "INSERT OR IGNORE INTO ends_to_tell (run_id) VALUES (?)"


def size(transition: Transition) -> int:
    """Return how many rows a transition changes, statistics left aside."""
    rows = (
        transition.occurrences,
        transition.new_runs,
        transition.changed_runs,
        transition.last_due,
        transition.files,
        transition.request_keys,
    )
    return sum(map(len, rows))


def only_starts(transition: Transition) -> bool:
    """Say whether it tells nothing but that runs have started."""
    others = (
        transition.occurrences,
        transition.new_runs,
        transition.last_due,
        transition.files,
        transition.request_keys,
    )
    return not any(others) and all(
        run.status is RunStatus.RUNNING for run in transition.changed_runs
    )


def write(connection: sqlite3.Connection, transition: Transition) -> frozenset[RunId]:
    """Write a transition; returns the new runs that were really inserted."""
    settled = _record(connection, transition.occurrences)
    inserted: set[RunId] = set()
    for run in transition.new_runs:
        if run.id in settled:
            continue
        values = (*fixed_values(run), *changing_values(run))
        if connection.execute(queries.INSERT_RUN, values).rowcount:
            inserted.add(run.id)
            if run.status.final:
                count_end(connection, run)
    for run in transition.changed_runs:
        changed = connection.execute(queries.CHANGE_RUN, (*changing_values(run), run.id)).rowcount
        if changed and run.status.final:
            count_end(connection, run)
    connection.executemany(
        _SET_LAST_DUE,
        [(script, trigger, stored(due)) for (script, trigger), due in transition.last_due.items()],
    )
    connection.executemany(
        _SET_FILES,
        [
            (json.dumps(dict(seen)), script, trigger)
            for (script, trigger), seen in transition.files.items()
        ],
    )
    connection.executemany(
        _INSERT_KEY,
        [(script, key, run_id) for (script, key), run_id in transition.request_keys.items()],
    )
    connection.executemany(_INSERT_END, [(run_id,) for run_id in transition.ends_to_tell])
    return frozenset(inserted)


def _record(connection: sqlite3.Connection, occurrences: Iterable[Occurrence]) -> set[RunId | None]:
    """Insert into the ledger; return the runs of moments that were in it already."""
    new: set[RunId | None] = set()
    old: set[RunId | None] = set()
    for occurrence in occurrences:
        values = (
            occurrence.script,
            stored(occurrence.due),
            occurrence.trigger,
            occurrence.outcome.value,
            occurrence.reason,
            occurrence.run_id,
        )
        inserted = connection.execute(_INSERT_OCCURRENCE, values).rowcount
        (new if inserted else old).add(occurrence.run_id)
    return old - new
