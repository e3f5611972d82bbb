"""Every query on a million runs: walked through an index, never scanned, never sorted.

The plan is what grows with the table; the time of one page would only tell of this
machine. For the plan not to be one of a small table the table is really large.
"""

import itertools
from collections.abc import Iterator
from datetime import timedelta

import pytest

from engine.model.identity import ScriptId
from engine.ports import RunFilter
from engine.store import queries
from engine.store.database import Database
from engine.store.moments import moment
from engine.store.queries import by_ids_query, page_query
from engine.store.runs import SqliteRunStore
from tests.integration.store.million import database_with

RUNS = 1_000_000
SCRIPT = ScriptId("team-03/script-003")
MIDDLE = moment(1750000000000000 + 500_000 * 1000003)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("million") / "pysched.db"
    database = database_with(RUNS, path)
    yield database
    database.close()
    path.unlink()


def plan(database: Database, sql: str, values: tuple[object, ...] = ()) -> list[str]:
    holes = values or (1,) * sql.count("?")
    return database.read(
        lambda connection: [
            row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", holes).fetchall()
        ]
    )


def costly(steps: list[str]) -> list[str]:
    """Return the steps whose cost grows with the table."""
    walks_in_order = ("SCAN runs USING INDEX runs_by_time", "SCAN names", "SCAN (subquery")
    return [
        step
        for step in steps
        if "TEMP B-TREE" in step
        or (step.startswith("SCAN") and not step.startswith(walks_in_order))
    ]


STATEMENTS = {
    name: value
    for name, value in vars(queries).items()
    if name.isupper()
    and name[0] != "_"
    and isinstance(value, str)
    and ("SELECT" in value or "UPDATE" in value)
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_statement_scans_or_sorts(database: Database, name: str):
    assert costly(plan(database, STATEMENTS[name])) == []


FACETS = {
    "script": SCRIPT,
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


@pytest.mark.parametrize("which", COMBINATIONS, ids=lambda which: "+".join(which) or "all")
@pytest.mark.parametrize("after", [None, (1750500000000000, 499_000)], ids=["first", "middle"])
def test_no_page_scans_or_sorts(
    database: Database, which: dict[str, object], after: tuple[int, int] | None
):
    query = page_query(RunFilter(**which), limit=51, after=after)

    assert costly(plan(database, query.sql, query.values)) == []


@pytest.mark.parametrize("trigger", ["schedule", "cron */5 * * * *"])
def test_no_page_of_a_trigger_scans_or_sorts(database: Database, trigger: str):
    query = page_query(RunFilter(trigger=trigger), limit=51, after=None)

    assert costly(plan(database, query.sql, query.values)) == []


def test_runs_of_a_search_are_looked_up_one_by_one(database: Database):
    query = by_ids_query(RunFilter(script=SCRIPT), ["a", "b"])

    assert plan(database, query.sql, query.values)[0].startswith(
        "SEARCH runs USING INDEX sqlite_autoindex_runs_1"
    )


@pytest.mark.parametrize(
    "which",
    [which for which in COMBINATIONS if len(which) < 2],
    ids=lambda which: "+".join(which) or "all",
)
def test_a_page_touches_few_pages_of_the_file(database: Database, which: dict[str, object]):
    """Counts SQLite's own steps: a page of 50 may take some thousands, a scan takes millions."""
    query = page_query(RunFilter(**which), limit=51, after=None)
    thousands = 0

    def count() -> int:
        nonlocal thousands
        thousands += 1
        return 0

    def ask(connection):
        connection.set_progress_handler(count, 1000)
        try:
            return connection.execute(query.sql, query.values).fetchall()
        finally:
            connection.set_progress_handler(None, 0)

    assert len(database.read(ask)) == 51
    assert thousands < 10


def test_the_last_runs_are_found_by_stepping_from_script_to_script(database: Database):
    last = SqliteRunStore(database).last_runs()

    assert (len(last), last[SCRIPT].id) == (200, f"20260501T120000-{RUNS - 200 + 3:012x}")
