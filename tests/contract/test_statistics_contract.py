"""What every Statistics does with runs that end."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from engine.errors import InvalidInput
from engine.model.durations import range_of
from engine.model.identity import ScriptId
from engine.model.run import Run, RunStatus
from engine.model.statistics import StatisticsFilter
from engine.ports import Statistics, Transition
from engine.store.database import Database
from engine.store.runs import SqliteRunStore
from engine.store.statistics import SqliteStatistics
from tests.fakes.run_facts import NOON, a_run
from tests.fakes.statistics import FakeStatistics

LOAD, SITE = ScriptId("etl/load"), ScriptId("web/site")
TODAY = NOON.date()
Made = tuple[Statistics, Callable[[Sequence[Run]], None]]


@pytest.fixture(params=["fake", "sqlite"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Made]:
    if request.param == "fake":
        fake = FakeStatistics()
        yield fake, fake.ended.extend
        return
    database = Database(tmp_path / "pysched.db")
    store = SqliteRunStore(database)

    def end(runs: Sequence[Run]) -> None:
        queued = [a_run(run.id, script=run.script) for run in runs]
        asyncio.run(store.commit(Transition(new_runs=queued)))
        asyncio.run(store.commit(Transition(changed_runs=runs)))

    yield SqliteStatistics(database), end
    database.close()


def an_end(number: int, script: ScriptId = LOAD, days_ago: int = 0, **facts: object) -> Run:
    """A run that succeeded after a second, unless said otherwise."""
    known = {
        "status": RunStatus.SUCCESS,
        "started_at": NOON,
        "finished_at": NOON - timedelta(days=days_ago),
        "duration_ms": 1_000,
        "cpu_ms": 100,
        "peak_memory_bytes": 5_000_000,
    }
    return a_run(f"20260501T120000-{number:02}", script=script, **(known | facts))


def which(days: int = 30, **facets: object) -> StatisticsFilter:
    first = TODAY - timedelta(days=days - 1)
    return StatisticsFilter(first=first, last=TODAY, **facets)  # pyright: ignore[reportArgumentType]


def test_nothing_adds_up_to_nothing(made: Made):
    statistics, _ = made

    assert (statistics.total(which()).total, list(statistics.by_day(which()))) == (0, [])


def test_runs_add_up(made: Made):
    statistics, end = made
    end(
        [
            an_end(1, duration_ms=1_000, cpu_ms=100),
            an_end(2, duration_ms=3_000, cpu_ms=700, peak_memory_bytes=7_000_000),
            an_end(3, status=RunStatus.FAILED, duration_ms=20, cpu_ms=0, peak_memory_bytes=0),
        ]
    )

    found = statistics.total(which())

    assert found.runs == {RunStatus.SUCCESS: 2, RunStatus.FAILED: 1}
    assert (found.measured, found.duration_ms) == (3, 4_020)
    assert (found.shortest_ms, found.longest_ms) == (20, 3_000)
    assert (found.cpu_ms, found.most_cpu_ms) == (800, 700)
    assert (found.memory_runs, found.memory_bytes) == (2, 12_000_000)
    assert found.most_memory_bytes == 7_000_000
    assert found.by_range == {range_of(ms): 1 for ms in (20, 1_000, 3_000)}


def test_a_run_that_never_started_has_no_duration(made: Made):
    statistics, end = made
    end([an_end(1, status=RunStatus.CANCELLED, started_at=None, duration_ms=None, cpu_ms=None)])

    found = statistics.total(which())

    assert (found.total, found.measured, found.shortest_ms) == (1, 0, None)
    assert (found.most_cpu_ms, found.by_range) == (None, {})


def test_days_are_told_the_oldest_first_and_empty_ones_are_not(made: Made):
    statistics, end = made
    end([an_end(1), an_end(2, days_ago=3), an_end(3, SITE, days_ago=3), an_end(4, days_ago=40)])

    found = statistics.by_day(which())

    assert [(one.day, one.figures.total) for one in found] == [(date(2026, 4, 28), 2), (TODAY, 1)]


def test_scripts_come_in_pages_in_the_order_of_their_ids(made: Made):
    statistics, end = made
    end([an_end(1, SITE), an_end(2), an_end(3), an_end(4, ScriptId("a"), days_ago=40)])

    first = statistics.by_script(which(), limit=1)
    second = statistics.by_script(which(), limit=1, cursor=first.next_cursor)

    found = [(one.script, one.figures.total) for one in (*first.items, *second.items)]
    assert (found, second.next_cursor) == ([(LOAD, 2), (SITE, 1)], None)


@pytest.mark.parametrize(
    ("facets", "total"),
    [
        ({}, 3),
        ({"script": LOAD}, 1),
        ({"script": ScriptId("none")}, 0),
        ({"folder": "etl"}, 2),
        ({"folder": "et"}, 0),
        ({"patterns": ("web/*", "etl/l*")}, 2),
        ({"folder": "etl", "patterns": ("web/*",)}, 0),
        ({"script": LOAD, "patterns": ("web/*",)}, 0),
        ({"script": ScriptId("")}, 0),
    ],
)
def test_a_filter_lets_through_what_it_names(made: Made, facets: dict[str, object], total: int):
    statistics, end = made
    end([an_end(1), an_end(2, ScriptId("etl/deep/er")), an_end(3, SITE)])

    page = statistics.by_script(which(**facets), limit=10)
    days = statistics.by_day(which(**facets))

    assert statistics.total(which(**facets)).total == total
    assert sum(one.figures.total for one in page.items) == total
    assert sum(one.figures.total for one in days) == total


def test_a_foreign_cursor_is_refused_by_the_real_one(tmp_path: Path):
    database = Database(tmp_path / "pysched.db")
    with pytest.raises(InvalidInput):
        SqliteStatistics(database).by_script(which(), limit=1, cursor="r1.")
    database.close()
