"""Retention carried out: rows, ledger and output go, in slices, and nothing else does."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from engine.model.identity import RunId, ScriptId, TriggerKey
from engine.model.run import Occurrence, Outcome, RunStatus
from engine.model.script import Keep
from engine.ports import RunFilter, Transition
from engine.store.database import Database
from engine.store.output import SqliteOutputArchive
from engine.store.pruning import SLICE, Pruned, Pruning
from engine.store.runs import SqliteRunStore
from tests.fakes.run_facts import NOON, a_run

LOAD, GONE = ScriptId("etl/load"), ScriptId("gone")


class Bench:
    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "pysched.db")
        self.logs = Database(folder / "logs.db")
        self.archive = SqliteOutputArchive(self.logs, folder / "archive")
        self.store = SqliteRunStore(self.database, self.archive)
        self.slices: list[int] = []

    async def discard(self, run_ids: Sequence[RunId]) -> None:
        self.slices.append(len(run_ids))
        await self.archive.delete(run_ids)

    def has(self, script: ScriptId, hours: Sequence[int], **facts: object) -> None:
        """Let a run be queued so many hours ago, each."""
        known = {"status": RunStatus.SUCCESS, "started_at": NOON, "script": script} | facts
        runs = [
            a_run(f"{script}-{known['status']}-{hour}", queued_at=ago(hour), **known)
            for hour in hours
        ]
        asyncio.run(self.store.commit(Transition(new_runs=runs)))

    def prune(self, keeps: dict[ScriptId, Keep], default: Keep | None = None) -> Pruned:
        return asyncio.run(
            Pruning(self.database, self.discard).prune(keeps, default or Keep(), NOON)
        )

    def ids(self, script: ScriptId = LOAD) -> list[str]:
        page = self.store.page(RunFilter(script=script), limit=10_000)
        return [run.id for run in page.items]


def ago(hours: int) -> object:
    return NOON - timedelta(hours=hours)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()
    made.logs.close()


def test_only_the_newest_runs_stay(bench: Bench):
    bench.has(LOAD, range(5))

    pruned = bench.prune({LOAD: Keep(runs=2)})

    assert (pruned.runs, bench.ids()) == (3, ["etl/load-success-0", "etl/load-success-1"])


def test_runs_that_are_not_over_stay_whatever_their_age(bench: Bench):
    bench.has(LOAD, [9000], status=RunStatus.RUNNING)
    bench.has(LOAD, [8000], status=RunStatus.QUEUED, started_at=None)

    bench.prune({LOAD: Keep(runs=0, days=1)})

    assert bench.ids() == ["etl/load-queued-8000", "etl/load-running-9000"]


def test_runs_of_a_script_that_is_not_there_any_more_follow_the_default(bench: Bench):
    bench.has(GONE, range(5))

    bench.prune({}, Keep(runs=1))

    assert bench.ids(GONE) == ["gone-success-0"]


def test_runs_past_their_days_go_although_there_are_few(bench: Bench):
    bench.has(LOAD, [23, 25])

    bench.prune({LOAD: Keep(days=1)})

    assert bench.ids() == ["etl/load-success-23"]


def test_output_goes_with_its_run(bench: Bench):
    bench.has(LOAD, range(2))
    for hour in range(2):
        asyncio.run(bench.archive.keep(RunId(f"etl/load-success-{hour}"), b"frames", "refused"))

    bench.prune({LOAD: Keep(runs=1)})

    assert list(bench.archive.search("refused", limit=9)) == ["etl/load-success-0"]


def test_the_ledger_keeps_the_days_alone(bench: Bench):
    rows = [
        Occurrence(
            script=LOAD,
            trigger=TriggerKey("hourly"),
            due=NOON - timedelta(hours=hour),
            outcome=Outcome.SKIPPED,
        )
        for hour in range(SLICE * 2 + 30)
    ]
    asyncio.run(bench.store.commit(Transition(occurrences=rows)))

    pruned = bench.prune({LOAD: Keep(runs=0, days=1)})

    kept = [row.due for row in bench.store.occurrences(LOAD, limit=9999).items]
    assert (pruned.occurrences, kept) == (SLICE * 2 + 5, [ago(hour) for hour in range(25)])


def test_many_rows_are_deleted_in_slices(bench: Bench):
    bench.has(LOAD, range(SLICE * 2 + 11))

    bench.prune({LOAD: Keep(runs=1, days=9999)})

    assert (bench.slices, len(bench.ids())) == ([SLICE, SLICE, 10], 1)


def test_a_second_time_finds_nothing(bench: Bench):
    bench.has(LOAD, range(9))
    bench.prune({LOAD: Keep(runs=3)})

    assert bench.prune({LOAD: Keep(runs=3)}) == Pruned(0, 0)
