"""Small writes are made on the event loop while nothing is in their way, and else in the thread."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.store import writer
from engine.store.database import Database
from engine.store.transactor import Job, Transactor

Change = Callable[[sqlite3.Connection], Any]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "pysched.db", quick=True)
    yield opened
    opened.close()


def note(subject: str) -> Change:
    """Insert a row that also tells in which thread it was made."""

    def change(connection: sqlite3.Connection) -> str:
        thread = threading.current_thread().name
        connection.execute(
            "INSERT INTO journal (at, action, subject, detail, error) VALUES (0, ?, ?, '', '')",
            (thread, subject),
        )
        return thread

    return change


def rows(database: Database) -> list[tuple[str, bool]]:
    """Return each subject and whether it was written by the event loop."""
    here = threading.current_thread().name
    found = database.read(
        lambda connection: connection.execute(
            "SELECT subject, action FROM journal ORDER BY id"
        ).fetchall()
    )
    return [(subject, thread == here) for subject, thread in found]


async def small(database: Database, change: Change) -> Any:
    return await database.write(change, durable=True, small=True)


def test_a_small_write_is_made_by_the_loop_and_a_large_one_in_the_thread(database: Database):
    async def both() -> None:
        await small(database, note("small"))
        await database.write(note("large"), durable=True)

    asyncio.run(both())

    assert rows(database) == [("small", True), ("large", False)]


def test_it_is_synced_if_it_has_to_be(database: Database):
    def ask(connection: sqlite3.Connection) -> int:
        return connection.execute("PRAGMA synchronous").fetchone()[0]

    async def levels() -> list[int]:
        soft = await database.write(ask, durable=False, small=True)
        return [soft, await small(database, ask)]

    assert asyncio.run(levels()) == [1, 2]


def test_small_writes_keep_behind_the_large_one_before_them(database: Database):
    async def all_of_them() -> None:
        await asyncio.gather(
            database.write(note("large"), durable=True),
            small(database, note("one")),
            small(database, note("two")),
        )

    asyncio.run(all_of_them())

    assert [subject for subject, _ in rows(database)] == ["large", "one", "two"]


def test_one_behind_a_group_in_the_thread_waits_its_turn(database: Database):
    begun, held = threading.Event(), threading.Event()

    def hold(_: sqlite3.Connection) -> None:
        begun.set()
        held.wait(5)

    async def story() -> None:
        large = asyncio.ensure_future(database.write(hold, durable=True))
        await asyncio.to_thread(begun.wait, 5)
        behind = asyncio.ensure_future(small(database, note("behind")))
        await asyncio.sleep(0.01)
        held.set()
        await asyncio.gather(large, behind)

    asyncio.run(story())

    assert rows(database) == [("behind", False)]


def test_one_that_meets_the_lock_of_another_program_waits_in_the_thread(database: Database):
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def story() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        task = asyncio.ensure_future(small(database, note("patient")))
        await asyncio.sleep(0.02)
        held_up = loop.time() - began
        other.execute("ROLLBACK")
        await task
        return held_up

    held_up = asyncio.run(story())

    other.close()
    assert held_up < 1
    assert rows(database) == [("patient", False)]


def test_a_change_that_fails_leaves_nothing_and_tells_its_caller(database: Database):
    def fail(connection: sqlite3.Connection) -> None:
        note("never")(connection)
        raise ValueError("a change of mind")

    with pytest.raises(ValueError, match="a change of mind"):
        asyncio.run(small(database, fail))
    asyncio.run(small(database, note("after")))

    assert [subject for subject, _ in rows(database)] == ["after"]


def test_a_slow_disk_is_left_to_the_thread_for_a_while(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(writer, "SLOW", 0)
    monkeypatch.setattr(writer, "SLOW_FOR", 0.05)

    async def story() -> None:
        await small(database, note("first"))
        await small(database, note("second"))
        await asyncio.sleep(0.06)
        await small(database, note("third"))

    asyncio.run(story())

    assert rows(database) == [("first", True), ("second", False), ("third", True)]


def test_the_log_is_brought_into_the_file_after_many(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(writer, "COMMITS_TO_CHECKPOINT", 5)
    monkeypatch.setattr(writer, "QUIET", 0.01)
    before = database.path.stat().st_size

    async def story() -> None:
        for number in range(5):
            await small(database, note(f"{number}" * 4000))
        async with asyncio.timeout(5):
            while database.path.stat().st_size == before:
                await asyncio.sleep(0.01)

    asyncio.run(story())

    assert database.path.stat().st_size > before


def test_closing_leaves_one_file(database: Database):
    asyncio.run(small(database, note("a")))

    database.close()

    assert [file.name for file in database.path.parent.iterdir()] == ["pysched.db"]


def test_the_error_of_an_earlier_try_is_forgotten(tmp_path: Path):
    connection = sqlite3.connect(tmp_path / "any.db", isolation_level=None)
    nobody: Any = None
    jobs = [Job(lambda _: 1, True, True, nobody, nobody) for _ in range(2)]
    for job in jobs:
        job.error = ValueError("not the first time")

    Transactor(tmp_path / "any.db", connection).commit(jobs)

    connection.close()
    assert [job.error for job in jobs] == [None, None]


def test_no_checkpoint_comes_between_writes_that_follow_one_another(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(writer, "COMMITS_TO_CHECKPOINT", 5)
    monkeypatch.setattr(writer, "QUIET", 0.2)
    before = database.path.stat().st_size

    async def story() -> list[int]:
        sizes: list[int] = []
        for number in range(20):
            await small(database, note(f"{number}" * 4000))
            await asyncio.sleep(0.02)
            sizes.append(database.path.stat().st_size)
        return sizes

    assert set(asyncio.run(story())) == {before}
