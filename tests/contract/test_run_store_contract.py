"""What every RunStore does."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from engine.errors import InvalidInput
from engine.model.identity import RunId, ScriptId, TriggerKey
from engine.model.run import Cause, Occurrence, Outcome, Run, RunStatus
from engine.ports import RunFilter, RunStore, Transition
from engine.store.database import Database
from engine.store.output import SqliteOutputArchive
from engine.store.runs import SqliteRunStore
from tests.fakes.archive import FakeArchive
from tests.fakes.run_facts import NOON, a_run
from tests.fakes.runs import FakeRunStore

LOAD, EXTRACT = ScriptId("etl/load"), ScriptId("etl/extract")
HOURLY, DAILY = TriggerKey("hourly"), TriggerKey("daily")


class Bench:
    """A store and the archive that its searches look into."""

    def __init__(self, store: RunStore, archive: FakeArchive | SqliteOutputArchive) -> None:
        self.store = store
        self.archive = archive

    def commit(self, **parts: object) -> frozenset[RunId]:
        return asyncio.run(self.store.commit(Transition(**parts)))

    def has(self, *runs: Run) -> None:
        self.commit(new_runs=runs)

    def ids(self, limit: int = 50, cursor: str | None = None, **which: object) -> list[str]:
        page = self.store.page(RunFilter(**which), limit=limit, cursor=cursor)
        return [run.id for run in page.items]

    def printed(self, run_id: str, text: str) -> None:
        asyncio.run(self.archive.keep(RunId(run_id), text.encode(), text))


@pytest.fixture(params=["fake", "sqlite"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "fake":
        archive = FakeArchive()
        yield Bench(FakeRunStore(archive), archive)
        return
    database, logs = Database(tmp_path / "pysched.db"), Database(tmp_path / "logs.db")
    archive = SqliteOutputArchive(logs, tmp_path / "archive")
    yield Bench(SqliteRunStore(database, archive), archive)
    database.close()
    logs.close()


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def queued(run_id: str, seconds: float = 0, **facts: object) -> Run:
    return a_run(run_id, queued_at=later(seconds), **facts)


def an_occurrence(due: datetime = NOON, run_id: str | None = "r1", **facts: object) -> Occurrence:
    known = {"script": LOAD, "trigger": HOURLY, "outcome": Outcome.RAN} | facts
    return Occurrence(due=due, run_id=run_id and RunId(run_id), **known)


WHOLE = a_run(
    "whole",
    status=RunStatus.FAILED,
    cause=Cause.RETRY,
    reason="exit 3",
    trigger=HOURLY,
    scheduled_for=NOON + timedelta(microseconds=123_457),
    not_before=later(1),
    started_at=later(2),
    finished_at=later(3),
    duration_ms=1000,
    exit_code=-9,
    cpu_ms=12,
    peak_memory_bytes=2**40,
    attempt=2,
    first_id=RunId("first"),
    commit="c" * 40,
    digest="d",
    lock="l",
    environment="e",
    python="3.12.1",
    requested_by="ada",
    args=("--city", "Zürich"),
    env=(("A", "1"), ("B", "ü")),
    files=("/inbox/a b.csv",),
    payload="/data/payload",
    previous_status=RunStatus.SUCCESS,
    output_bytes=2**33,
    output_cut=7,
    boot="3f2a9c01",
)


def test_a_run_comes_back_as_it_was_given(bench: Bench):
    bench.has(WHOLE)

    assert bench.store.run(RunId("whole")) == WHOLE


def test_a_run_with_nothing_but_the_necessary_comes_back(bench: Bench):
    bench.has(a_run("bare"))

    assert bench.store.run(RunId("bare")) == a_run("bare")


def test_a_run_that_is_not_there_is_none(bench: Bench):
    assert bench.store.run(RunId("nothing")) is None


def test_moments_of_other_zones_are_the_same_moments(bench: Bench):
    there = datetime(2026, 5, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))

    bench.has(a_run("r1", queued_at=there))

    assert bench.store.run(RunId("r1")).queued_at == NOON


def test_commit_names_the_runs_it_inserted(bench: Bench):
    bench.has(a_run("old"))

    assert bench.commit(new_runs=[a_run("old"), a_run("new")]) == {"new"}


def test_a_run_that_is_there_is_not_overwritten(bench: Bench):
    bench.has(a_run("r1", reason="first"))

    bench.has(a_run("r1", reason="second"))

    assert bench.store.run(RunId("r1")).reason == "first"


def test_the_run_of_a_moment_that_is_in_the_ledger_is_not_inserted(bench: Bench):
    bench.commit(occurrences=[an_occurrence(run_id="r1", outcome=Outcome.SKIPPED)])

    inserted = bench.commit(occurrences=[an_occurrence(run_id="r1")], new_runs=[a_run("r1")])

    assert (inserted, bench.store.run(RunId("r1"))) == (frozenset(), None)


def test_a_moment_given_twice_at_once_still_gives_its_run(bench: Bench):
    moment = an_occurrence(run_id="r1")

    assert bench.commit(occurrences=[moment, moment], new_runs=[a_run("r1")]) == {"r1"}


def test_an_occurrence_that_is_there_is_left_as_it_is(bench: Bench):
    bench.commit(occurrences=[an_occurrence(outcome=Outcome.SKIPPED, reason="overlap")])

    bench.commit(occurrences=[an_occurrence(outcome=Outcome.RAN)])

    assert [row.reason for row in bench.store.occurrences(LOAD, limit=9).items] == ["overlap"]


def test_due_times_a_microsecond_apart_are_two_moments(bench: Bench):
    near = NOON + timedelta(microseconds=1)

    bench.commit(occurrences=[an_occurrence(NOON), an_occurrence(near)])

    assert [row.due for row in bench.store.occurrences(LOAD, limit=9).items] == [near, NOON]


def test_one_moment_of_two_triggers_is_two_rows(bench: Bench):
    bench.commit(occurrences=[an_occurrence(trigger=HOURLY), an_occurrence(trigger=DAILY)])

    rows = bench.store.occurrences(LOAD, limit=9).items

    assert [row.trigger for row in rows] == [HOURLY, DAILY]


def test_a_changed_run_is_the_new_row(bench: Bench):
    bench.has(a_run("r1"))
    running = a_run("r1", status=RunStatus.RUNNING, started_at=later(1), python="3.12.1")

    bench.commit(changed_runs=[running])

    assert bench.store.run(RunId("r1")) == running


def test_what_a_run_was_asked_for_never_changes(bench: Bench):
    bench.has(a_run("r1", trigger=HOURLY))
    other = a_run("r1", script=EXTRACT, cause=Cause.URL, trigger=DAILY, queued_at=later(60))

    bench.commit(changed_runs=[other])

    assert bench.store.run(RunId("r1")) == a_run("r1", trigger=HOURLY)


@pytest.mark.parametrize("status", [status for status in RunStatus if status.final])
def test_a_final_status_never_changes(bench: Bench, status: RunStatus):
    done = a_run("r1", status=status)
    bench.has(done)

    bench.commit(changed_runs=[a_run("r1", status=RunStatus.RUNNING, reason="late")])

    assert bench.store.run(RunId("r1")) == done


def test_a_change_of_an_unknown_run_makes_none(bench: Bench):
    bench.commit(changed_runs=[a_run("r1")])

    assert bench.store.run(RunId("r1")) is None


def test_active_are_queued_and_running_runs_oldest_first(bench: Bench):
    bench.has(
        queued("third", 3),
        queued("first", 1, status=RunStatus.RUNNING),
        queued("over", 2, status=RunStatus.FAILED),
        queued("second", 2),
    )

    assert [run.id for run in bench.store.active()] == ["first", "second", "third"]


def test_runs_of_one_instant_are_active_in_the_order_they_came(bench: Bench):
    bench.has(*(a_run(name) for name in ("c", "a", "b")))

    assert [run.id for run in bench.store.active()] == ["c", "a", "b"]


def test_last_started_passes_over_runs_that_never_started_or_still_run(bench: Bench):
    bench.has(
        queued("old", 1, status=RunStatus.SUCCESS, started_at=later(1)),
        queued("last", 2, status=RunStatus.FAILED, started_at=later(2)),
        queued("skipped", 3, status=RunStatus.SKIPPED),
        queued("running", 4, status=RunStatus.RUNNING, started_at=later(4)),
        queued("other", 5, script=EXTRACT, status=RunStatus.SUCCESS, started_at=later(5)),
    )

    assert bench.store.last_started(LOAD).id == "last"


def test_last_started_is_none_for_a_script_that_never_ran(bench: Bench):
    bench.has(queued("skipped", 3, status=RunStatus.SKIPPED))

    assert bench.store.last_started(LOAD) is None


def test_last_runs_are_the_newest_of_each_script(bench: Bench):
    bench.has(queued("b", 2), queued("a", 1), queued("c", 0, script=EXTRACT))

    assert {script: run.id for script, run in bench.store.last_runs().items()} == {
        LOAD: "b",
        EXTRACT: "c",
    }


def test_last_runs_of_some_scripts_are_of_those_alone(bench: Bench):
    bench.has(queued("b", 2), queued("c", 0, script=EXTRACT))

    found = bench.store.last_runs([EXTRACT, ScriptId("nothing")])

    assert {script: run.id for script, run in found.items()} == {EXTRACT: "c"}


def test_last_runs_of_no_runs_are_none(bench: Bench):
    assert dict(bench.store.last_runs()) == {}


MIXED = (
    queued("r1", 1, trigger=HOURLY, cause=Cause.SCHEDULE, status=RunStatus.SUCCESS),
    queued("r2", 2, cause=Cause.MANUAL, status=RunStatus.FAILED),
    queued("r3", 3, script=EXTRACT, trigger=HOURLY, cause=Cause.CATCH_UP, status=RunStatus.TIMEOUT),
    queued("r4", 4, trigger=TriggerKey("manual"), cause=Cause.SCHEDULE, status=RunStatus.FAILED),
    queued("r5", 5, trigger=TriggerKey("manual"), cause=Cause.MANUAL),
    queued("r6", 6, script=EXTRACT, cause=Cause.MANUAL, status=RunStatus.SUCCESS),
)


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ({}, "654321"),
        ({"script": LOAD}, "5421"),
        ({"script": ScriptId("nothing")}, ""),
        ({"status": {"failed"}}, "42"),
        ({"status": {"failed", "timeout", "success"}}, "64321"),
        ({"status": [RunStatus.QUEUED]}, "5"),
        ({"status": set()}, ""),
        ({"trigger": "hourly"}, "31"),
        ({"trigger": "manual"}, "6542"),
        ({"trigger": "schedule"}, "41"),
        ({"trigger": "schedule", "status": {"failed"}}, "4"),
        ({"trigger": "manual", "status": {"failed", "success"}}, "642"),
        ({"trigger": "manual", "script": EXTRACT}, "6"),
        ({"script": LOAD, "status": {"failed"}}, "42"),
        ({"since": later(3)}, "6543"),
        ({"until": later(3)}, "21"),
        ({"since": later(2), "until": later(4)}, "32"),
        ({"since": later(2), "script": LOAD, "status": {"failed"}, "trigger": "manual"}, "42"),
    ],
)
def test_a_filter_lets_these_runs_through(bench: Bench, which: dict[str, object], expected: str):
    bench.has(*MIXED)

    assert "".join(run_id[1:] for run_id in bench.ids(**which)) == expected


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
@pytest.mark.parametrize(
    "which",
    [
        {},
        {"status": {"failed", "success", "timeout"}},
        {"trigger": "manual"},
        {"script": LOAD},
        {"until": later(5)},
    ],
)
def test_pages_one_after_the_other_are_the_whole_list(
    bench: Bench, limit: int, which: dict[str, object]
):
    bench.has(*MIXED)

    assert walk(bench, limit, which) == bench.ids(**which)


def test_pages_part_runs_of_one_instant_without_loss(bench: Bench):
    bench.has(*(a_run(f"r{number}") for number in range(7)))

    assert walk(bench, 2, {}) == [f"r{number}" for number in reversed(range(7))]


def test_a_run_that_arrives_between_pages_shifts_nothing(bench: Bench):
    bench.has(*MIXED)
    cursor = bench.store.page(RunFilter(), limit=2).next_cursor

    bench.has(queued("r7", 7))

    assert bench.ids(limit=2, cursor=cursor) == ["r4", "r3"]


def test_the_last_page_has_no_cursor(bench: Bench):
    bench.has(*MIXED)

    assert bench.store.page(RunFilter(), limit=6).next_cursor is None


@pytest.mark.parametrize(
    "cursor", ["", "x", "r", "r1", "rffffffffffffffffff.MQ==", "r1.????", "o1.MQ==", "r1.eA==", "é"]
)
def test_a_cursor_that_is_not_ours_is_refused(bench: Bench, cursor: str):
    bench.has(*MIXED)

    with pytest.raises(InvalidInput, match="cursor"):
        bench.store.page(RunFilter(), limit=2, cursor=cursor)


def test_a_cursor_of_another_list_is_refused(bench: Bench):
    bench.has(*MIXED)
    cursor = bench.store.page(RunFilter(), limit=2).next_cursor

    with pytest.raises(InvalidInput, match="cursor"):
        bench.store.occurrences(LOAD, limit=2, cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_page_without_rows_is_refused(bench: Bench, limit: int):
    with pytest.raises(InvalidInput, match="limit"):
        bench.store.page(RunFilter(), limit=limit)


def test_a_query_finds_runs_by_words_of_their_output(bench: Bench):
    bench.has(*MIXED)
    bench.printed("r1", "connection refused")
    bench.printed("r2", "all is well")
    bench.printed("r4", "Connection: refused by peer")

    assert bench.ids(query="refused connection") == ["r4", "r1"]


def test_a_query_goes_together_with_other_filters(bench: Bench):
    bench.has(*MIXED)
    for run in MIXED:
        bench.printed(run.id, "refused")

    assert bench.ids(query="refused", status={"failed"}) == ["r4", "r2"]


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_of_a_query_are_the_whole_list(bench: Bench, limit: int):
    bench.has(*MIXED)
    for run in MIXED[:5]:
        bench.printed(run.id, "refused")

    assert walk(bench, limit, {"query": "refused"}) == ["r5", "r4", "r3", "r2", "r1"]


def test_a_query_without_a_word_is_refused(bench: Bench):
    with pytest.raises(InvalidInput, match="letter or digit"):
        bench.store.page(RunFilter(query="--- "), limit=5)


def test_the_ledger_is_newest_first_and_of_one_script(bench: Bench):
    bench.commit(
        occurrences=[
            an_occurrence(later(1)),
            an_occurrence(later(2)),
            an_occurrence(later(3), script=EXTRACT),
        ]
    )

    rows = bench.store.occurrences(LOAD, limit=9).items

    assert [row.due for row in rows] == [later(2), later(1)]


def test_an_occurrence_comes_back_as_it_was_given(bench: Bench):
    row = an_occurrence(outcome=Outcome.SHIFTED, reason="daylight saving", run_id=None)

    bench.commit(occurrences=[row])

    assert list(bench.store.occurrences(LOAD, limit=9).items) == [row]


def test_pages_of_the_ledger_are_the_whole_ledger(bench: Bench):
    bench.commit(
        occurrences=[
            an_occurrence(later(second), trigger=TriggerKey(f"täglich {trigger}"))
            for second in range(3)
            for trigger in range(3)
        ]
    )
    everything = list(bench.store.occurrences(LOAD, limit=99).items)
    walked: list[Occurrence] = []
    cursor = None
    for _ in range(5):
        page = bench.store.occurrences(LOAD, limit=2, cursor=cursor)
        walked += page.items
        cursor = page.next_cursor

    assert (walked, cursor) == (everything, None)


def test_a_settled_moment_does_not_hold_up_other_runs(bench: Bench):
    bench.commit(occurrences=[an_occurrence(run_id="r1")])

    inserted = bench.commit(
        occurrences=[an_occurrence(run_id="r1"), an_occurrence(later(1), run_id="r2")],
        new_runs=[a_run("r1"), a_run("r2")],
    )

    assert (inserted, bench.ids()) == (frozenset({"r2"}), ["r2"])


def walk(bench: Bench, limit: int, which: dict[str, object]) -> Sequence[str]:
    ids: list[str] = []
    cursor = None
    for _ in range(20):
        page = bench.store.page(RunFilter(**which), limit=limit, cursor=cursor)
        ids += [run.id for run in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return ids
    raise AssertionError("the pages have no end")


def test_a_request_that_is_repeated_finds_the_run_of_the_first(bench: Bench):
    bench.commit(new_runs=(queued("r1"),), request_keys={(LOAD, "order 7"): RunId("r1")})
    bench.commit(new_runs=(queued("r2"),), request_keys={(LOAD, "order 7"): RunId("r2")})

    assert bench.store.requested(LOAD, "order 7") == "r1"


def test_a_request_key_is_known_to_its_script_alone(bench: Bench):
    bench.commit(new_runs=(queued("r1"),), request_keys={(LOAD, "order 7"): RunId("r1")})

    assert bench.store.requested(EXTRACT, "order 7") is None


@pytest.mark.parametrize("words", [None, "refused"])
def test_a_list_is_held_to_the_patterns_of_a_key(bench: Bench, words: str | None):
    for number, script in enumerate(["etl/load", "etlx/load", "etl/deep/load", "reports/daily"]):
        bench.has(replace(queued(f"r{number}", number), script=ScriptId(script)))
        bench.printed(f"r{number}", "connection refused")

    assert bench.ids(scripts=("etl/*", "reports/daily"), query=words) == ["r3", "r2", "r0"]


def test_pages_of_some_scripts_neither_repeat_nor_lose_a_run(bench: Bench):
    for number in range(9):
        script = ScriptId(f"etl/{number % 2}" if number % 3 else "web")
        bench.has(replace(queued(f"r{number}", number), script=script))

    assert walk(bench, 2, {"scripts": ("etl/*",)}) == ["r8", "r7", "r5", "r4", "r2", "r1"]


@pytest.mark.parametrize("facets", [{}, {"status": ["queued"]}, {"script": LOAD}])
def test_patterns_that_no_script_with_runs_meets_give_nothing(bench: Bench, facets: dict):
    bench.has(*MIXED)

    assert bench.ids(scripts=("nothing/*",), **facets) == []
