"""The archive on disk: what lies where, and what happens when it is damaged."""

import asyncio
import gzip
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import InvalidInput, Unavailable
from engine.model.identity import RunId
from engine.runs.output import LARGEST_END
from engine.store.database import Database
from engine.store.output import LARGEST_BLOB, SqliteOutputArchive
from engine.store.words import INDEXED

R1, R2 = RunId("20260501T120000-00000000000a"), RunId("20260501T120000-00000000000b")
LARGE = random.Random(1).randbytes(LARGEST_BLOB + 4096)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[SqliteOutputArchive]:
    database = Database(tmp_path / "logs.db")
    yield SqliteOutputArchive(database, tmp_path / "archive")
    database.close()


def keep(archive: SqliteOutputArchive, run_id: RunId, frames: bytes, text: str = "refused") -> None:
    asyncio.run(archive.keep(run_id, frames, text))


def files(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "archive").rglob("*") if path.is_file())


def indexed_words(archive: SqliteOutputArchive) -> int:
    """Count the rows of the index that still name a word."""

    def ask(connection):
        connection.execute("PRAGMA query_only = OFF")
        connection.execute("CREATE VIRTUAL TABLE temp.seen USING fts5vocab(main, words, instance)")
        (count,) = connection.execute("SELECT count(*) FROM temp.seen").fetchone()
        connection.execute("DROP TABLE temp.seen")
        connection.execute("PRAGMA query_only = ON")
        return count

    return archive._database.read(ask)


def test_a_small_output_makes_no_file(archive: SqliteOutputArchive, tmp_path: Path):
    keep(archive, R1, b"frames" * 20_000)

    assert files(tmp_path) == []


def test_a_large_output_is_a_file_that_any_tool_can_read(
    archive: SqliteOutputArchive, tmp_path: Path
):
    keep(archive, R1, LARGE)

    (file,) = files(tmp_path)
    assert (file.name, len(file.parent.name), gzip.decompress(file.read_bytes())) == (
        f"{R1}.gz",
        2,
        LARGE,
    )


def test_a_large_output_is_for_this_account_alone(archive: SqliteOutputArchive, tmp_path: Path):
    keep(archive, R1, LARGE)

    assert files(tmp_path)[0].stat().st_mode & 0o777 == 0o600


def test_a_large_output_is_found_by_its_words(archive: SqliteOutputArchive):
    keep(archive, R1, LARGE, "connection re-set")

    assert list(archive.search("re-set", limit=9)) == [R1]


def test_deleting_a_large_output_leaves_no_file(archive: SqliteOutputArchive, tmp_path: Path):
    keep(archive, R1, LARGE)

    asyncio.run(archive.delete([R1]))

    assert files(tmp_path) == []


def test_a_file_left_by_a_crash_before_its_row_is_written_over(
    archive: SqliteOutputArchive, tmp_path: Path
):
    keep(archive, R1, LARGE)
    (file,) = files(tmp_path)
    asyncio.run(archive.delete([R1]))
    file.write_bytes(b"half a file")

    keep(archive, R1, LARGE)

    assert archive.frames(R1) == LARGE


def test_a_file_that_was_taken_away_is_an_output_that_is_not_kept(
    archive: SqliteOutputArchive, tmp_path: Path
):
    keep(archive, R1, LARGE)
    files(tmp_path)[0].unlink()

    assert archive.frames(R1) is None


@pytest.mark.parametrize("content", [b"not gzip", b""])
def test_a_damaged_file_is_told(archive: SqliteOutputArchive, tmp_path: Path, content: bytes):
    keep(archive, R1, LARGE)
    files(tmp_path)[0].write_bytes(content)

    with pytest.raises(Unavailable, match=f"{R1}.*cannot be read"):
        archive.frames(R1)


def test_a_cut_file_is_told(archive: SqliteOutputArchive, tmp_path: Path):
    keep(archive, R1, LARGE)
    (file,) = files(tmp_path)
    file.write_bytes(file.read_bytes()[:1000])

    with pytest.raises(Unavailable, match="cannot be read"):
        archive.frames(R1)


def test_a_directory_that_cannot_be_written_is_told_and_nothing_is_half_kept(
    archive: SqliteOutputArchive, tmp_path: Path
):
    (tmp_path / "archive").write_text("a file where the directory should be")

    with pytest.raises(Unavailable, match=f"{R1} cannot be kept"):
        keep(archive, R1, LARGE)

    assert (archive.frames(R1), list(archive.search("refused", limit=9))) == (None, [])


@pytest.mark.parametrize(
    "text",
    [
        "plain words",
        "lone \udcff surrogate",
        "a\0b",
        "Ärger über größe",
        "x" * 3 * INDEXED,
        "1e5 don't foo_bar \U0001e900",
    ],
)
def test_deleting_an_output_leaves_no_word_of_it_behind(archive: SqliteOutputArchive, text: str):
    keep(archive, R1, b"frames", text)
    before = indexed_words(archive)

    asyncio.run(archive.delete([R1]))

    assert (before > 0, indexed_words(archive)) == (True, 0)


def test_of_a_huge_output_the_beginning_and_the_end_are_found(archive: SqliteOutputArchive):
    middle = ("x" * 99 + " ") * (3 * INDEXED // 100)
    keep(archive, R1, b"frames", f"first {middle} middle {middle} last")

    assert [list(archive.search(word, limit=1)) for word in ("first", "middle", "last")] == [
        [R1],
        [],
        [R1],
    ]


def test_a_letter_that_the_index_does_not_know_is_refused_and_not_an_accident(
    archive: SqliteOutputArchive,
):
    with pytest.raises(InvalidInput, match="cannot be searched"):
        archive.search("a\u19b0b", limit=1)


def test_the_text_kept_beside_costs_little(archive: SqliteOutputArchive):
    numbers = random.Random(1)
    lines = [f"12:00:{n:02d} INFO fetched {numbers.random()} rows\n" for n in range(40)]
    frames = b"".join(numbers.randbytes(3) + line.encode() for line in lines)
    keep(archive, R1, frames, "")
    keep(archive, R2, frames, "".join(lines))

    (alone,), (with_text,) = archive._database.read(
        lambda connection: connection.execute(
            "SELECT length(packed) FROM outputs ORDER BY position"
        ).fetchall()
    )

    assert with_text < 1.3 * alone


def test_of_a_large_output_all_that_is_indexed_is_there():
    # A character takes four bytes at most.
    assert LARGEST_END >= 4 * INDEXED
