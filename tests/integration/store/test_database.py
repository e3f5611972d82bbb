"""A database file: opened, refused, read from many threads, written in groups, closed."""

import asyncio
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from engine.errors import EngineError, Unavailable, UnusableDatabase
from engine.store import writer
from engine.store.database import Database

COUNT = "SELECT count(*) FROM journal"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "pysched.db")
    yield opened
    opened.close()


def insert(subject: str) -> Callable[[sqlite3.Connection], int | None]:
    return lambda connection: (
        connection.execute(
            "INSERT INTO journal (at, action, subject, detail, error) VALUES (0, '', ?, '', '')",
            (subject,),
        ).lastrowid
    )


def fail(connection: sqlite3.Connection) -> None:
    insert("never")(connection)
    raise ValueError("a change of mind")


def subjects(database: Database) -> list[str]:
    rows = database.read(
        lambda connection: connection.execute("SELECT subject FROM journal ORDER BY id").fetchall()
    )
    return [subject for (subject,) in rows]


def pragma(database: Database, name: str) -> Any:
    return database.read(lambda connection: connection.execute(f"PRAGMA {name}").fetchone()[0])


async def together(
    database: Database, *changes: Callable[[sqlite3.Connection], Any], durable: Sequence[bool] = ()
) -> list[Any]:
    """Have all changes wait behind one that holds the writer up, so that they form a group."""
    begun, held = threading.Event(), threading.Event()

    def hold(_: sqlite3.Connection) -> None:
        begun.set()
        held.wait(5)

    blocker = asyncio.ensure_future(database.write(hold, durable=False))
    await asyncio.to_thread(begun.wait, 5)
    waiting = [
        asyncio.ensure_future(database.write(change, durable=synced))
        for change, synced in zip(changes, durable or [True] * len(changes), strict=True)
    ]
    await asyncio.sleep(0)
    held.set()
    await blocker
    return await asyncio.gather(*waiting, return_exceptions=True)


def test_only_the_owner_can_read_a_new_file_and_those_beside_it(database: Database):
    asyncio.run(database.write(insert("a"), durable=True))

    modes = {
        file.name: stat.S_IMODE(file.stat().st_mode) for file in database.path.parent.iterdir()
    }

    assert modes == {"pysched.db": 0o600, "pysched.db-wal": 0o600, "pysched.db-shm": 0o600}


def test_a_reader_cannot_write(database: Database):
    with pytest.raises(Unavailable, match="readonly"):
        database.read(insert("a"))


def test_a_write_returns_what_the_change_returns(database: Database):
    assert asyncio.run(database.write(insert("a"), durable=True)) == 1


def test_what_a_write_promised_is_there_for_readers(database: Database):
    async def write_and_read() -> list[str]:
        await database.write(insert("a"), durable=False)
        return subjects(database)

    assert asyncio.run(write_and_read()) == ["a"]


def test_a_change_that_fails_leaves_nothing_and_tells_its_caller(database: Database):
    with pytest.raises(ValueError, match="a change of mind"):
        asyncio.run(database.write(fail, durable=True))

    assert subjects(database) == []


def test_a_change_that_fails_takes_no_other_of_its_group_with_it(database: Database):
    results = asyncio.run(together(database, insert("a"), fail, insert("b")))

    assert [type(result).__name__ for result in results] == ["int", "ValueError", "int"]
    assert subjects(database) == ["a", "b"]


def test_changes_that_wait_together_are_one_transaction(database: Database):
    before = pragma(database, "data_version")
    seen: list[int] = []

    def look(connection: sqlite3.Connection) -> None:
        # Another connection's count: what is committed, not what this transaction sees.
        seen.append(database.read(lambda reader: reader.execute(COUNT).fetchone()[0]))

    asyncio.run(together(database, insert("a"), insert("b"), look))

    assert (seen, pragma(database, "data_version") > before) == ([0], True)


@pytest.mark.parametrize(
    ("durable", "level"), [((False, False), 1), ((False, True), 2), ((True, True), 2)]
)
def test_a_group_is_synced_when_one_of_it_has_to_be(
    database: Database, durable: tuple[bool, bool], level: int
):
    def ask(connection: sqlite3.Connection) -> int:
        return connection.execute("PRAGMA synchronous").fetchone()[0]

    assert asyncio.run(together(database, ask, ask, durable=durable)) == [level, level]


def test_two_hundred_writes_at_once_all_arrive(database: Database):
    async def write() -> None:
        await asyncio.gather(
            *(database.write(insert(str(number)), durable=True) for number in range(200))
        )

    asyncio.run(write())

    assert subjects(database) == [str(number) for number in range(200)]


def test_a_write_without_haste_goes_along_with_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(writer, "PATIENCE", 3600)

    async def both() -> list[int | None]:
        return await asyncio.gather(
            database.write(insert("first"), durable=False, haste=False),
            database.write(insert("second"), durable=True),
        )

    assert asyncio.run(asyncio.wait_for(both(), 10)) == [1, 2]


def test_a_write_without_haste_is_made_when_no_other_comes(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(writer, "PATIENCE", 0)

    asyncio.run(database.write(insert("alone"), durable=False, haste=False))

    assert subjects(database) == ["alone"]


def test_closing_commits_a_write_without_haste(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writer, "PATIENCE", 3600)
    database = Database(tmp_path / "pysched.db")

    async def write_and_close() -> None:
        last = asyncio.create_task(database.write(insert("last"), durable=False, haste=False))
        await asyncio.sleep(0)
        await asyncio.to_thread(database.close)
        await last

    asyncio.run(asyncio.wait_for(write_and_close(), 10))

    assert subjects(Database(tmp_path / "pysched.db")) == ["last"]


def test_a_write_whose_caller_has_gone_is_still_made(database: Database):
    async def give_up() -> None:
        task = asyncio.ensure_future(database.write(insert("a"), durable=True))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(give_up())
    database.close()

    assert subjects(database) == ["a"]


def test_closing_commits_what_is_queued(tmp_path: Path):
    database = Database(tmp_path / "pysched.db")

    async def queue_and_close() -> None:
        tasks = [
            asyncio.ensure_future(database.write(insert(str(number)), durable=False))
            for number in range(50)
        ]
        await asyncio.sleep(0)
        database.close()
        await asyncio.gather(*tasks)

    asyncio.run(queue_and_close())

    reopened = Database(tmp_path / "pysched.db")
    assert len(subjects(reopened)) == 50
    reopened.close()


def test_a_write_after_closing_is_refused(database: Database):
    database.close()

    with pytest.raises(Unavailable, match="closed"):
        asyncio.run(database.write(insert("a"), durable=True))


def test_closing_leaves_one_file(database: Database):
    asyncio.run(database.write(insert("a"), durable=True))
    subjects(database)

    database.close()

    assert [file.name for file in database.path.parent.iterdir()] == ["pysched.db"]


def test_readers_in_many_threads_see_whole_transactions(database: Database):
    """Each transaction adds two rows, so an odd count would be half of one."""

    def read_on(done: threading.Event) -> set[int]:
        odd: set[int] = set()
        while not done.is_set():
            odd.add(database.read(lambda reader: reader.execute(COUNT).fetchone()[0]) % 2)
        return odd

    async def write() -> None:
        for number in range(100):
            await database.write(
                lambda connection, name=str(number): (
                    insert(name)(connection),
                    insert(name)(connection),
                ),
                durable=False,
            )

    done = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read_on, done) for _ in range(4)]
        asyncio.run(write())
        done.set()
        assert [reader.result() for reader in readers] == [{0}] * 4


def test_the_write_ahead_log_is_taken_in_while_nothing_is_written(database: Database):
    async def write() -> int:
        for number in range(260):
            await database.write(insert(str(number) * 500), durable=False)
        for _ in range(100):
            await asyncio.sleep(0.05)
            if database.path.stat().st_size > 200_000:
                break
        return database.path.stat().st_size

    assert asyncio.run(write()) > 200_000


class TestAFullDisk:
    """`max_page_count` stands for the disk: SQLite reports both in the same way."""

    @pytest.fixture(autouse=True)
    def bound(self, database: Database) -> None:
        self.bounded(database, database.path.stat().st_size // 4096 + 40)

    @staticmethod
    def bounded(database: Database, pages: int) -> None:
        asyncio.run(
            database.write(
                lambda connection: connection.execute(
                    f"PRAGMA max_page_count = {pages}"
                ).fetchone(),
                durable=False,
            )
        )

    @staticmethod
    def large(connection: sqlite3.Connection) -> None:
        insert("x" * 1_000_000)(connection)

    def test_says_so(self, database: Database):
        with pytest.raises(Unavailable, match=r"pysched\.db: .*full.*free some space"):
            asyncio.run(database.write(self.large, durable=True))

    def test_takes_no_smaller_write_of_the_group_with_it(self, database: Database):
        results = asyncio.run(together(database, insert("a"), self.large, insert("b")))

        assert [type(result).__name__ for result in results] == ["int", "Unavailable", "int"]
        assert subjects(database) == ["a", "b"]

    def test_is_over_when_there_is_room_again(self, database: Database):
        with pytest.raises(Unavailable):
            asyncio.run(database.write(self.large, durable=True))
        self.bounded(database, 10_000)

        asyncio.run(database.write(self.large, durable=True))

        assert len(subjects(database)) == 1


def test_a_lock_of_another_program_is_told(database: Database, tmp_path: Path):
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    asyncio.run(_be_impatient(database))

    with pytest.raises(Unavailable, match="another program holds its lock"):
        asyncio.run(database.write(insert("a"), durable=True))

    other.execute("ROLLBACK")
    other.close()
    asyncio.run(database.write(insert("b"), durable=True))
    assert subjects(database) == ["b"]


async def _be_impatient(database: Database) -> None:
    writer = database._writer._patient_hand._connection
    await asyncio.to_thread(writer.execute, "PRAGMA busy_timeout = 10")


def broken(path: Path) -> None:
    path.write_bytes(b"this is no database at all, but text " * 200)


def with_a_torn_page(path: Path) -> None:
    Database(path).close()
    content = bytearray(path.read_bytes())
    content[100:4096] = bytes(3996)
    path.write_bytes(content)


def in_no_directory(path: Path) -> None:
    path.parent.rmdir()


@pytest.mark.parametrize(
    ("break_it", "error", "words"),
    [
        (broken, UnusableDatabase, "damaged"),
        (with_a_torn_page, UnusableDatabase, "pysched restore"),
        (in_no_directory, Unavailable, "No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_opened_is_told(
    tmp_path: Path, break_it: Callable[[Path], None], error: type[EngineError], words: str
):
    path = tmp_path / "data" / "pysched.db"
    path.parent.mkdir()
    break_it(path)

    with pytest.raises(error, match=words):
        Database(path)


def test_a_whole_file_has_nothing_to_complain_of(database: Database):
    assert database.check() == ()


def test_the_check_finds_damage_that_opening_does_not(tmp_path: Path):
    path = tmp_path / "pysched.db"
    database = Database(path)
    asyncio.run(database.write(lambda c: [insert("x" * 2000)(c) for _ in range(50)], durable=True))
    database.close()
    content = bytearray(path.read_bytes())
    content[-8192:-4096] = b"\xff" * 4096
    path.write_bytes(content)
    database = Database(path)

    found = database.check()

    database.close()
    assert found != ()
