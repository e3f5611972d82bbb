"""The SQL of lists of runs: which index drives a filter, and in which order rows come.

SQLite guesses which index is best and is now and then wrong by a factor of
hundreds, so every arm of a query names its index: should the index ever not fit,
the query fails in a test instead of being slow in a year. Each arm yields rows in
the order of the list, arms are merged, and a page is read without a sort.
"""
# Only names of columns and indexes, all from this package, are put into SQL; values never are.
# ruff: noqa: S608

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.model.run import Cause, RunStatus
from engine.ports import RunFilter
from engine.store.moments import stored
from engine.store.rows import ASSIGNMENTS, COLUMNS, PLACES

ACTIVE = tuple(status.value for status in RunStatus if not status.final)

IS_ACTIVE = f"status IN ({', '.join(repr(status) for status in ACTIVE)})"

INSERT_RUN = f"INSERT OR IGNORE INTO runs ({COLUMNS}) VALUES ({PLACES})"

CHANGE_RUN = f"UPDATE runs SET {ASSIGNMENTS} WHERE id = ? AND {IS_ACTIVE}"

BY_ID = f"SELECT {COLUMNS} FROM runs WHERE id = ?"

ACTIVE_RUNS = (
    " UNION ALL ".join(
        f"SELECT seq, {COLUMNS} FROM runs INDEXED BY runs_by_status WHERE status = '{status}'"
        for status in ACTIVE
    )
    + " ORDER BY queued_at, seq"
)

LAST_STARTED = (
    f"SELECT {COLUMNS} FROM runs INDEXED BY runs_started WHERE script = ? "
    f"AND started_at IS NOT NULL AND NOT {IS_ACTIVE} ORDER BY queued_at DESC, seq DESC LIMIT 1"
)

_NEWEST_OF = (
    "(SELECT newest.seq FROM runs AS newest INDEXED BY runs_by_script "
    "WHERE newest.script = names.script ORDER BY newest.queued_at DESC, newest.seq DESC LIMIT 1)"
)


def _names(table: str) -> str:
    """Step from script to script through an index; `DISTINCT` would read every row of it."""
    return f"""
    WITH RECURSIVE names (script) AS (
        SELECT min(script) FROM {table}
        UNION ALL
        SELECT (SELECT min(next.script) FROM {table} AS next WHERE next.script > names.script)
        FROM names WHERE names.script IS NOT NULL
    ) """


LAST_RUNS = _names("runs") + (
    f"SELECT {COLUMNS} FROM (SELECT {_NEWEST_OF} AS seq FROM names WHERE script IS NOT NULL) "
    "CROSS JOIN runs USING (seq)"
)

SCRIPTS_WITH_RUNS = _names("runs") + "SELECT script FROM names WHERE script IS NOT NULL"

SCRIPTS_WITH_OCCURRENCES = (
    _names("occurrences") + "SELECT script FROM names WHERE script IS NOT NULL"
)

OCCURRENCES = (
    'SELECT due, "trigger", outcome, reason, run_id FROM occurrences WHERE script = ? '
    'AND (due, "trigger") < (?, ?) ORDER BY due DESC, "trigger" DESC LIMIT ?'
)


OLDEST_RUN = (
    "SELECT queued_at FROM runs INDEXED BY runs_by_script WHERE script = ? "
    "ORDER BY queued_at LIMIT 1"
)

NTH_RUN = "SELECT 1 FROM runs INDEXED BY runs_by_script WHERE script = ? LIMIT 1 OFFSET ?"

AGES = (
    f"SELECT id, queued_at, started_at IS NOT NULL, {IS_ACTIVE} "
    "FROM runs INDEXED BY runs_by_script WHERE script = ? ORDER BY queued_at DESC, seq DESC"
)

DELETE_RUN = f"DELETE FROM runs WHERE id = ? AND NOT {IS_ACTIVE}"

DELETE_OCCURRENCES = (
    'DELETE FROM occurrences WHERE (script, due, "trigger") IN '
    '(SELECT script, due, "trigger" FROM occurrences WHERE script = ? AND due < ? LIMIT ?)'
)


@dataclass(frozen=True, slots=True)
class Query:
    sql: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Condition:
    """A piece of a WHERE clause."""

    sql: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class _Drive:
    """An index to walk, from the newest row that meets the condition."""

    index: str
    condition: _Condition


def page_query(
    which: RunFilter,
    *,
    limit: int,
    after: tuple[int, int] | None,
    covered: Sequence[str] = (),
) -> Query:
    """Return the query for rows of `seq` and COLUMNS, newest first; `query` is not looked at.

    `after` is the (queued_at, seq) of the last row of the page before. A set of statuses
    must not be empty. `covered` are all the scripts with runs that `scripts` lets through, where
    they are few: each is then walked by itself, however rare its runs are among all.
    """
    driver, drives = _drives(which, covered)
    conditions = [*_filters(which, but=driver), *_range(which, after)]
    arms = [
        _select(f"seq, {COLUMNS} FROM runs INDEXED BY {drive.index}", drive.condition, *conditions)
        for drive in drives
    ]
    return Query(
        " UNION ALL ".join(arm.sql for arm in arms) + " ORDER BY queued_at DESC, seq DESC LIMIT ?",
        (*(value for arm in arms for value in arm.values), limit),
    )


def last_runs_query(scripts: Sequence[str]) -> Query:
    """Return the query for the newest run of each script; one statement costs half of many."""
    names = ", ".join(["(?)"] * len(scripts))
    newest = f"SELECT {_NEWEST_OF} AS seq FROM names"
    return Query(
        f"WITH names (script) AS (VALUES {names}) "
        f"SELECT {COLUMNS} FROM ({newest}) CROSS JOIN runs USING (seq)",
        tuple(scripts),
    )


def by_ids_query(which: RunFilter, ids: Sequence[str]) -> Query:
    """Return the query for those of `ids` that the rest of the filter lets through."""
    named = _Condition(f"id IN ({_places(ids)})", tuple(ids))
    return _select(f"{COLUMNS} FROM runs", named, *_filters(which), *_range(which, None))


def _select(what: str, *conditions: _Condition) -> Query:
    where = " AND ".join(condition.sql for condition in conditions)
    return Query(
        f"SELECT {what} WHERE {where}",
        tuple(value for condition in conditions for value in condition.values),
    )


def _drives(which: RunFilter, covered: Sequence[str]) -> tuple[str, list[_Drive]]:
    """Choose what drives: the filter that usually lets the fewest rows through."""
    if which.script is not None:
        return "script", [_script_drive(which.script)]
    if covered:
        return "scripts", [_script_drive(script) for script in covered]
    if which.trigger is not None and (which.trigger != Cause.SCHEDULE or which.status is None):
        return "trigger", _trigger_drives(which.trigger)
    if which.status is not None:
        return "status", [
            _Drive("runs_by_status", _Condition("status = ?", (status,)))
            for status in _statuses(which)
        ]
    return "", [_Drive("runs_by_time", _Condition("queued_at IS NOT NULL"))]


def _script_drive(script: str) -> _Drive:
    return _Drive("runs_by_script", _Condition("script = ?", (script,)))


def _trigger_drives(trigger: str) -> list[_Drive]:
    drives = [_Drive("runs_by_trigger", _Condition('"trigger" = ?', (trigger,)))]
    if trigger in set(Cause):
        # A trigger may bear a cause's name: no run comes from both.
        apart = _Condition('cause = ? AND "trigger" IS NOT ?', (trigger, trigger))
        drives.append(_Drive("runs_by_cause", apart))
    return drives


def _filters(which: RunFilter, *, but: str = "") -> list[_Condition]:
    conditions: list[_Condition] = []
    if which.script is not None and but != "script":
        conditions.append(_Condition("script = ?", (which.script,)))
    if which.scripts and but != "scripts":
        either = " OR ".join("script GLOB ?" for _ in which.scripts)
        conditions.append(_Condition(f"({either})", which.scripts))
    if which.status is not None and but != "status":
        statuses = _statuses(which)
        conditions.append(_Condition(f"status IN ({_places(statuses)})", statuses))
    if which.trigger is not None and but != "trigger":
        either = _Condition('("trigger" = ? OR cause = ?)', (which.trigger, which.trigger))
        conditions.append(either)
    return conditions


def _range(which: RunFilter, after: tuple[int, int] | None) -> list[_Condition]:
    """Bound the time, from above only once: of two upper bounds the index may use the wider."""
    conditions: list[_Condition] = []
    if which.since is not None:
        conditions.append(_Condition("queued_at >= ?", (stored(which.since),)))
    until = None if which.until is None else stored(which.until)
    if until is not None and (after is None or until <= after[0]):
        conditions.append(_Condition("queued_at < ?", (until,)))
    elif after is not None:
        conditions.append(_Condition("(queued_at, seq) < (?, ?)", after))
    return conditions


def _statuses(which: RunFilter) -> tuple[str, ...]:
    return tuple(sorted({str(status) for status in which.status or ()}))


def _places(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
