"""Every end is counted once, whatever happens, and in the transaction that makes it final."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.errors import EngineError
from engine.model.identity import RunId, ScriptId
from engine.model.run import Occurrence, Outcome, Run, RunStatus
from engine.model.statistics import Figures, StatisticsFilter
from engine.ports import Transition
from engine.store.database import Database
from engine.store.migrate import FOLDER, migrate, migrations_in, statements
from engine.store.runs import SqliteRunStore
from engine.store.statistics import SqliteStatistics, durations_query, sums_query
from engine.store.transitions import write
from tests.fakes.run_facts import NOON, a_run
from tests.integration.store.million import database_with

EVER = StatisticsFilter(first=date(2000, 1, 1), last=date(2100, 1, 1))
MIGRATION = next(one for one in migrations_in(FOLDER / "pysched") if one.name == "statistics")


class Bench:
    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "pysched.db")
        self.store = SqliteRunStore(self.database)
        self.statistics = SqliteStatistics(self.database)

    def commit(self, **parts: Any) -> None:
        asyncio.run(self.store.commit(Transition(**parts)))

    def counted(self) -> Figures:
        return self.statistics.total(EVER)

    def rows(self) -> Sequence[Any]:
        return self.database.read(
            lambda connection: connection.execute("SELECT * FROM statistics").fetchall()
        )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()


def the_end_of(run: Run, **facts: Any) -> Run:
    known = {"status": RunStatus.SUCCESS, "started_at": NOON, "finished_at": NOON}
    return replace(run, **(known | {"duration_ms": 700, "cpu_ms": 20} | facts))


def test_an_end_that_is_told_again_counts_once(bench: Bench):
    run = a_run()
    bench.commit(new_runs=[run])
    bench.commit(changed_runs=[the_end_of(run)])
    bench.commit(changed_runs=[the_end_of(run), the_end_of(run, status=RunStatus.FAILED)])

    assert bench.counted().runs == {RunStatus.SUCCESS: 1}


def test_what_is_too_old_is_not_looked_for_on_the_loop(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    asked: list[threading.Thread] = []
    read = bench.database.read

    def recorded(question: Any) -> Any:
        asked.append(threading.current_thread())
        return read(question)

    monkeypatch.setattr(bench.database, "read", recorded)
    asyncio.run(bench.statistics.prune(NOON.date()))

    assert asked
    assert threading.current_thread() not in asked


def test_what_goes_on_is_not_counted(bench: Bench):
    bench.commit(new_runs=[a_run()])
    bench.commit(changed_runs=[a_run(status=RunStatus.RUNNING, started_at=NOON)])

    assert bench.counted() == Figures()


def test_a_run_that_is_over_from_the_start_is_counted(bench: Bench):
    moment = Occurrence(
        script=ScriptId("etl/load"),
        trigger="cron",  # pyright: ignore[reportArgumentType]
        due=NOON,
        outcome=Outcome.SKIPPED,
        run_id=RunId("x"),
    )
    for _ in range(2):
        bench.commit(occurrences=[moment], new_runs=[a_run("x", status=RunStatus.SKIPPED)])

    assert bench.counted().runs == {RunStatus.SKIPPED: 1}


def test_what_is_rolled_back_is_not_counted(bench: Bench):
    run = a_run()
    bench.commit(new_runs=[run])

    def change(connection: sqlite3.Connection) -> None:
        write(connection, Transition(changed_runs=[the_end_of(run)]))
        raise EngineError("the disk is full")

    with pytest.raises(EngineError):
        asyncio.run(bench.database.write(change, durable=True))

    assert bench.counted() == Figures()


def test_a_run_counts_on_the_day_on_which_it_ended_in_utc(bench: Bench):
    run = a_run(queued_at=NOON)
    end = NOON.replace(hour=23, minute=59) + timedelta(minutes=1)
    bench.commit(new_runs=[run])
    bench.commit(changed_runs=[the_end_of(run, finished_at=end)])

    assert [one.day for one in bench.statistics.by_day(EVER)] == [date(2026, 5, 2)]


def test_a_run_that_is_deleted_stays_counted(bench: Bench):
    run = a_run()
    bench.commit(new_runs=[run])
    bench.commit(changed_runs=[the_end_of(run)])
    asyncio.run(
        bench.database.write(
            lambda connection: connection.execute("DELETE FROM runs"), durable=True
        )
    )

    assert bench.counted().total == 1


def test_days_before_one_are_forgotten(bench: Bench):
    runs = [a_run(f"r{number}") for number in range(3)]
    ends = [
        the_end_of(run, finished_at=NOON - timedelta(days=days))
        for run, days in zip(runs, (0, 1, 500), strict=True)
    ]
    bench.commit(new_runs=runs)
    bench.commit(changed_runs=ends)

    asyncio.run(bench.statistics.prune(NOON.date() - timedelta(days=1)))

    assert [one.day for one in bench.statistics.by_day(EVER)] == [
        date(2026, 4, 30),
        date(2026, 5, 1),
    ]


def test_runs_of_before_the_migration_are_counted_as_if_they_ended_now(bench: Bench):
    runs = [a_run(f"r{number}", script=ScriptId(f"s{number % 3}")) for number in range(20)]
    ends = [
        the_end_of(
            run,
            status=list(RunStatus)[2 + number % 9],
            duration_ms=number**4,
            started_at=NOON if number % 4 else None,
            peak_memory_bytes=number * 1_000,
        )
        for number, run in enumerate(runs)
    ]
    bench.commit(new_runs=runs)
    bench.commit(changed_runs=ends[:-1])
    live = bench.rows()

    def again(connection: sqlite3.Connection) -> None:
        for statement in ("DROP TABLE statistics", *statements(MIGRATION.sql)):
            connection.execute(statement)

    asyncio.run(bench.database.write(again, durable=True))

    assert bench.rows() == live


def test_an_older_database_is_brought_up_to_date(tmp_path: Path):
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path, isolation_level=None)
    before = [one for one in migrations_in(FOLDER / "pysched") if one.number < MIGRATION.number]
    migrate(connection, before, path)
    connection.execute(
        "INSERT INTO runs (id, script, status, cause, queued_at, reason, attempt) "
        "VALUES ('x', 's', 'missed', 'schedule', 1, '', 1)"
    )
    connection.close()

    database = Database(path, FOLDER / "pysched")
    found = SqliteStatistics(database).total(
        replace(EVER, first=date(1970, 1, 1), last=date(1970, 1, 2))
    )
    database.close()

    assert found.runs == {RunStatus.MISSED: 1}


def plan_of(connection: sqlite3.Connection, sql: str, scripts: int) -> list[str]:
    values = (*("x" for _ in range(scripts)), 1, 2)
    return [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]


@pytest.mark.parametrize("query", [sums_query, durations_query])
@pytest.mark.parametrize("scripts", [1, 40])
@pytest.mark.parametrize("together", [False, True])
def test_no_question_reads_the_rows_of_other_scripts_or_days(
    bench: Bench, query: Any, scripts: int, together: bool
):
    plan = bench.database.read(
        lambda connection: plan_of(connection, query(scripts, together=together), scripts)
    )

    assert plan[0].startswith("SEARCH statistics USING PRIMARY KEY (script=? AND day>? AND day<?)")


def test_the_statistics_of_many_runs_are_all_there(tmp_path: Path):
    database = database_with(20_000, tmp_path / "pysched.db", counted=True)
    statistics = SqliteStatistics(database)

    found = statistics.total(EVER)
    pages = statistics.by_script(EVER, limit=500)
    database.close()

    assert (found.total, len(pages.items)) == (20_000 - 5, 200)
