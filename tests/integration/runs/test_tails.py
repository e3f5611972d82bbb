"""Followers of live runs: nothing missing, nothing doubled, each look costs what is new."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.model.identity import RunId
from engine.runner import frames
from engine.runner.framewriter import FrameWriter
from engine.runs.tails import BATCH, Tails

RUN = RunId("20261124T120000-abcdef123456")
LIMIT = 2 * BATCH


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[FrameWriter]:
    one = FrameWriter(tmp_path, 10_000_000)
    yield one
    one.close()


def put(writer: FrameWriter, text: str, stream: int = frames.STDOUT) -> None:
    writer.write(1_000, stream, memoryview(text.encode()))


def look(tails: Tails, directory: Path, offset: int, view: str = "all") -> tuple[str, int]:
    found = tails.read(RUN, directory, offset=offset, view=view, limit=LIMIT)
    return found.data.decode(), found.next_offset


def test_each_look_returns_what_came_since_the_last(writer: FrameWriter, tmp_path: Path):
    tails = Tails()
    put(writer, "one\n")
    first, offset = look(tails, tmp_path, 0)
    put(writer, "two\n")

    second, end = look(tails, tmp_path, offset)

    assert (first, second, look(tails, tmp_path, end)) == ("one\n", "two\n", ("", 8))


def test_followers_at_the_same_place_see_the_same(writer: FrameWriter, tmp_path: Path):
    tails = Tails()
    put(writer, "one\n")
    _, offset = look(tails, tmp_path, 0)
    put(writer, "two\n")

    assert [look(tails, tmp_path, offset)[0] for _ in range(3)] == ["two\n"] * 3


def test_one_stream_is_followed_past_the_other(writer: FrameWriter, tmp_path: Path):
    tails = Tails()
    put(writer, "out\n")
    put(writer, "err\n", frames.STDERR)

    assert look(tails, tmp_path, 0, "stderr") == ("err\n", 8)


def test_a_look_goes_on_where_the_last_ended_without_reading_the_file_anew(
    writer: FrameWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tails = Tails()
    for _ in range(2_000):
        put(writer, "a line of some length\n")
    _, offset = look(tails, tmp_path, 0)
    put(writer, "new\n")
    parsed: list[int] = []
    parse = frames._parse

    def counted(view: memoryview, at: int) -> tuple[list[frames.Frame], int]:
        found = parse(view, at)
        parsed.append(len(found[0]))
        return found

    monkeypatch.setattr(frames, "_parse", counted)

    assert (look(tails, tmp_path, offset)[0], sum(parsed)) == ("new\n", 1)


def test_a_segment_that_went_meanwhile_is_told_as_a_gap(tmp_path: Path):
    tails = Tails()
    writer = FrameWriter(tmp_path, 400_000)
    put(writer, "x" * 150_000)
    _, offset = look(tails, tmp_path, 0)
    for _ in range(20):
        put(writer, "y" * 100_000)

    text, end = look(tails, tmp_path, offset)
    writer.close()

    assert end == 2_150_000
    assert "bytes" in text
    assert text.endswith("y" * 100_000)
