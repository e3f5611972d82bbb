"""Every query on a million runs: walked through an index, never scanned, never sorted.

The plan is what grows with the table; the time of one page would only tell of this
machine. For the plan not to be one of a small table the table is really large, so
one test asks everything of it and makes it once.
"""

import itertools
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.model.identity import ScriptId
from engine.ports import RunFilter
from engine.store import queries
from engine.store.database import Database
from engine.store.moments import moment
from engine.store.queries import Query, by_ids_query, last_runs_query, page_query
from tests.integration.store.million import database_with

RUNS = 1_000_000
MIDDLE = moment(1750000000000000 + 500_000 * 1000003)
AFTER = (1750500000000000, 499_000)

MOST_STEPS = 50_000
"""Of SQLite's machine: a page of 50 takes some thousands, a scan of the table millions."""

FACETS = {
    "script": ScriptId("team-03/script-003"),
    "status": {"failed", "timeout", "skipped"},
    "trigger": "manual",
    "since": MIDDLE,
    "until": MIDDLE + timedelta(days=2),
}
COMBINATIONS = [
    {name: FACETS[name] for name in names}
    for size in range(len(FACETS) + 1)
    for names in itertools.combinations(FACETS, size)
]


def all_queries() -> Iterator[tuple[str, Query]]:
    """Yield each statement of the package and each kind of page, with a name for failures."""
    for name, sql in vars(queries).items():
        if name[0] != "_" and isinstance(sql, str) and ("SELECT" in sql or " WHERE " in sql):
            yield name, Query(sql, (1,) * sql.count("?"))
    pages = [*COMBINATIONS, {"trigger": "schedule"}, {"trigger": "cron */5 * * * *"}]
    for facets, after in itertools.product(pages, (None, AFTER)):
        which = RunFilter(**facets)
        yield f"page of {facets} after {after}", page_query(which, limit=51, after=after)
    few = [f"team-03/script-{number:03}" for number in (3, 23, 43)]
    for after in (None, AFTER):
        query = page_query(RunFilter(scripts=("x",)), limit=51, after=after, covered=few)
        yield f"page of few scripts after {after}", query
    yield "last runs", last_runs_query([f"team-03/script-{number:03}" for number in range(200)])
    yield "runs of a search", by_ids_query(RunFilter(script=FACETS["script"]), ["a", "b"])


def costly_steps(connection: sqlite3.Connection, query: Query) -> list[str]:
    """Return the steps of the plan whose cost grows with the table."""
    plan = connection.execute(f"EXPLAIN QUERY PLAN {query.sql}", query.values).fetchall()
    in_order = ("SCAN runs USING INDEX runs_by_time", "SCAN names", "SCAN (subquery")
    return [
        step
        for *_, step in plan
        if "TEMP B-TREE" in step or (step.startswith("SCAN") and not step.startswith(in_order))
        # The values of the query itself, however many rows there are.
        if not step.endswith("CONSTANT ROWS")
    ]


def takes_too_many_steps(connection: sqlite3.Connection, query: Query) -> list[str]:
    """Run the query and stop it where only a scan can get to."""
    connection.set_progress_handler(lambda: 1, MOST_STEPS)
    try:
        connection.execute(query.sql, query.values).fetchall()
    except sqlite3.OperationalError as error:
        return [str(error)]
    finally:
        connection.set_progress_handler(None, 0)
    return []


def findings(connection: sqlite3.Connection) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, query in all_queries():
        steps = costly_steps(connection, query)
        # Of several filters at once, one drives and the others are looked at row by row.
        single = name.count("':") < 2
        if query.sql.lstrip().startswith(("SELECT", "WITH")) and single:
            steps += takes_too_many_steps(connection, query)
        if steps:
            found[name] = steps
    return found


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = database_with(RUNS, tmp_path / "pysched.db")
    yield database
    database.close()
    database.path.unlink()


@pytest.mark.timeout(180)
def test_no_query_on_a_million_runs_scans_or_sorts(database: Database):
    assert database.read(findings) == {}


def test_the_queries_that_are_asked_are_all_there_are():
    names = [name for name, _ in all_queries()]

    assert ("LAST_RUNS" in names, "CHANGE_RUN" in names, len(names) > 70) == (True, True, True)
