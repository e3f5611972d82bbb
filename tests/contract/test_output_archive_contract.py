"""What every OutputArchive does."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import InvalidInput
from engine.model.identity import RunId
from engine.store.database import Database
from engine.store.output import SqliteOutputArchive
from tests.fakes.archive import FakeArchive

Archive = FakeArchive | SqliteOutputArchive

R1, R2, R3 = RunId("r1"), RunId("r2"), RunId("r3")
INCOMPRESSIBLE = random.Random(1).randbytes(600_000)


@pytest.fixture(params=["fake", "sqlite"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    if request.param == "fake":
        yield FakeArchive()
        return
    database = Database(tmp_path / "logs.db")
    yield SqliteOutputArchive(database, tmp_path / "archive")
    database.close()


def keep(archive: Archive, run_id: RunId, text: str, frames: bytes | None = None) -> None:
    asyncio.run(archive.keep(run_id, text.encode() if frames is None else frames, text))


def found(archive: Archive, words: str, limit: int = 50) -> list[RunId]:
    return list(archive.search(words, limit=limit))


@pytest.mark.parametrize("frames", [b"", b"\x00\xff frames", b"line\n" * 9999, INCOMPRESSIBLE])
def test_frames_come_back_byte_for_byte(archive: Archive, frames: bytes):
    keep(archive, R1, "text", frames)

    assert archive.frames(R1) == frames


def test_frames_that_were_never_kept_are_none(archive: Archive):
    assert archive.frames(R1) is None


@pytest.mark.parametrize("first", [b"first", INCOMPRESSIBLE])
def test_keeping_a_second_time_changes_nothing(archive: Archive, first: bytes):
    keep(archive, R1, "first", first)

    keep(archive, R1, "second", b"second")

    assert (archive.frames(R1), found(archive, "second")) == (first, [])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("refused", [R3, R1]),
        ("REFUSED", [R3, R1]),
        ("connection refused", [R1]),
        ("refused connection", [R1]),
        ("conn", []),
        ("conn*", [R1]),
        ("nothing", []),
        ("etl-load", [R3]),
        ("load-etl", []),
        ("/tmp/x.csv", [R1]),
        ("größe", [R2]),
        ("GRÖßE", [R2]),
        ("42", [R2]),
    ],
)
def test_words_find_the_outputs_that_contain_them(
    archive: Archive, words: str, expected: list[RunId]
):
    keep(archive, R1, "Connection refused: cannot read /tmp/x.csv")
    keep(archive, R2, "Größe 42, load and etl")
    keep(archive, R3, "etl-load was refused")

    assert found(archive, words) == expected


def test_a_search_stops_at_its_limit_with_the_last_kept(archive: Archive):
    for run_id in (R1, R2, R3):
        keep(archive, run_id, "refused")

    assert found(archive, "refused", limit=2) == [R3, R2]


def test_matches_go_on_where_they_stopped(archive: Archive):
    for run_id in (R1, R2, R3):
        keep(archive, run_id, "refused")
    _, go_on = archive.matches("refused", before=None, limit=2)

    rest, end = archive.matches("refused", before=go_on, limit=2)

    assert ([run_id for _, run_id in rest], end) == ([R1], None)


@pytest.mark.parametrize("words", ["", "  ", "---", '"*"'])
def test_a_search_without_a_word_is_refused(archive: Archive, words: str):
    with pytest.raises(InvalidInput, match="letter or digit"):
        found(archive, words)


@pytest.mark.parametrize("frames", [b"refused", INCOMPRESSIBLE])
def test_a_deleted_output_is_gone_and_not_found(archive: Archive, frames: bytes):
    keep(archive, R1, "refused", frames)
    keep(archive, R2, "refused")

    asyncio.run(archive.delete([R1, RunId("nothing")]))

    assert (archive.frames(R1), found(archive, "refused")) == (None, [R2])


def test_a_deleted_output_can_be_kept_again(archive: Archive):
    keep(archive, R1, "first")
    asyncio.run(archive.delete([R1]))

    keep(archive, R1, "second")

    assert (archive.frames(R1), found(archive, "first"), found(archive, "second")) == (
        b"second",
        [],
        [R1],
    )


@pytest.mark.parametrize("frames", [b"frames\n" * 9999, INCOMPRESSIBLE])
def test_an_output_that_comes_in_pieces_is_kept_as_any_other(archive: Archive, frames: bytes):
    pieces = (frames[start : start + 1000] for start in range(0, len(frames), 1000))

    asyncio.run(archive.keep_large(R1, pieces, "needle"))

    assert (archive.frames(R1), found(archive, "needle")) == (frames, [R1])
    asyncio.run(archive.delete([R1]))
    assert (archive.frames(R1), found(archive, "needle")) == (None, [])


@pytest.mark.parametrize("frames", [b"frames", INCOMPRESSIBLE])
def test_what_was_kept_comes_back_in_pieces(archive: Archive, frames: bytes):
    keep(archive, R1, "text", frames)

    assert b"".join(archive.pieces(R1) or ()) == frames
    assert archive.pieces(R2) is None
