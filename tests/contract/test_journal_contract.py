"""What every Journal does."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store.database import Database
from engine.store.journal import JournalLine, SqliteJournal
from tests.fakes.clock import START, FakeClock
from tests.fakes.journal import FakeJournal

LONGEST = 5


@pytest.fixture(params=["fake", "sqlite"])
def journal(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[FakeJournal | SqliteJournal]:
    if request.param == "fake":
        yield FakeJournal(FakeClock(), longest=LONGEST)
        return
    database = Database(tmp_path / "pysched.db")
    yield SqliteJournal(database, FakeClock(), longest=LONGEST)
    database.close()


def test_a_line_comes_back_with_its_time(journal: FakeJournal | SqliteJournal):
    asyncio.run(journal.record("build", "etl/load", "pandas", "env_failed"))

    assert list(journal.newest(9)) == [
        JournalLine(
            at=START, action="build", subject="etl/load", detail="pandas", error="env_failed"
        )
    ]


def test_the_newest_lines_come_first(journal: FakeJournal | SqliteJournal):
    for name in ("a", "b", "c"):
        asyncio.run(journal.record("run", name))

    assert [line.subject for line in journal.newest(2)] == ["c", "b"]


def test_the_oldest_lines_go_when_there_are_too_many(journal: FakeJournal | SqliteJournal):
    for number in range(LONGEST + 3):
        asyncio.run(journal.record("run", str(number)))

    assert [line.subject for line in journal.newest(99)] == ["7", "6", "5", "4", "3"]
