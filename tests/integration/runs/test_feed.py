"""Followers of runs at their own pace: nothing missing, nothing doubled, reads shared."""

import asyncio
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.errors import NotFound
from engine.model.identity import RunId
from engine.ports import OutputArchive
from engine.runner import frames
from engine.runner.framewriter import FrameWriter
from engine.runs import feed as feeding
from engine.runs.feed import Feed
from engine.runs.output import View
from engine.runs.places import RunPlaces
from tests.fakes.archive import FakeArchive
from tests.fakes.reconciled import on_a_loop

RUN = RunId("20261124T120000-abcdef123456")


class Written:
    """One run whose output grows, ends and is archived as the test says."""

    def __init__(self, data: Path, *, limit: int | None = None) -> None:
        self.places = RunPlaces(data)
        self.directory = self.places.run(RUN)
        self.directory.mkdir(parents=True)
        self.writer = FrameWriter(self.directory, limit)
        self.archive = FakeArchive()
        self.over = False
        self.text = b""
        self.feed = self.new_feed()

    def new_feed(self, archive: OutputArchive | None = None) -> Feed:
        return Feed(self.places, archive or self.archive, lambda _: self.over)

    def write(self, text: str, stream: int = frames.STDOUT) -> None:
        self.writer.write(1_000, stream, memoryview(text.encode()))

    def end(self) -> None:
        self.writer.close()
        self.over = True

    async def put_away(self) -> None:
        await self.archive.keep(RUN, frames.pack(frames.read_frames(self.directory)), "")
        for file in self.directory.iterdir():
            file.unlink()

    async def follow(
        self, offset: int = 0, view: View = "all", *, until: Callable[[bytes], bool] | None = None
    ) -> tuple[bytes, int]:
        """Return what there is from an offset on, and where that ends."""
        data = b""
        while True:
            piece = await self.feed.piece(RUN, offset, view)
            assert piece.offset == offset or not piece.data or view != "all"
            data += piece.data
            offset = piece.next_offset
            if piece.last or not piece.data or (until and until(data)):
                return data, offset


@pytest.fixture
def run(tmp_path: Path) -> Written:
    return Written(tmp_path)


def lines(first: int, last: int) -> str:
    return "".join(f"line {number} äöü€\n" for number in range(first, last))


@on_a_loop
async def test_a_live_run_is_followed_as_it_writes(run: Written):
    run.write("one\n")
    first, offset = await run.follow()
    run.write("two\n")

    assert (first, await run.follow(offset)) == (b"one\n", (b"two\n", 8))


@on_a_loop
async def test_what_is_large_comes_in_pieces_that_end_with_a_character(run: Written):
    run.write(lines(0, 20_000))

    piece = await run.feed.piece(RUN, 1, "all")

    assert 60_000 < len(piece.data) <= 65_536
    piece.data.decode()


@on_a_loop
async def test_a_character_in_two_frames_is_given_when_it_is_whole(run: Written):
    run.writer.write(1_000, frames.STDOUT, memoryview("a€".encode()[:2]))
    first = await run.follow()
    run.writer.write(1_000, frames.STDERR, memoryview(b"!"))
    run.writer.write(1_000, frames.STDOUT, memoryview("€".encode()[1:]))

    assert (first, await run.follow(1, "stdout")) == ((b"a", 1), ("€".encode(), 5))


@on_a_loop
async def test_a_run_that_is_over_says_so_with_its_last_piece(run: Written):
    run.write("one\n")
    run.end()

    piece = await run.feed.piece(RUN, 0, "all")

    assert (piece.data, piece.last) == (b"one\n", True)
    assert (await run.feed.piece(RUN, 4, "all"))[1:] == (4, b"", True)


@on_a_loop
async def test_half_a_character_at_the_end_of_all_is_given_too(run: Written):
    run.writer.write(1_000, frames.STDOUT, memoryview(b"a\xe2\x82"))
    run.end()

    assert await run.follow() == (b"a\xe2\x82", 3)


@on_a_loop
async def test_the_archive_goes_on_where_the_frame_files_ended(run: Written):
    run.write(lines(0, 30_000))
    seen, offset = await run.follow(until=lambda data: len(data) > 300_000)
    run.end()
    await run.put_away()

    rest, end = await run.follow(offset)

    assert (seen + rest, end) == (lines(0, 30_000).encode(), run.writer.total)


@on_a_loop
async def test_any_place_of_an_archived_run_is_found(run: Written):
    text = lines(0, 30_000).encode()
    run.write(text.decode())
    run.end()
    await run.put_away()

    for offset in (0, len(text) // 2, len(text) - 12, len(text), len(text) + 5):
        data, _ = await run.follow(offset)
        assert data == text[offset:]


@on_a_loop
async def test_followers_far_apart_in_one_archived_run_read_it_once_each(run: Written):
    for number in range(0, 120_000, 1_000):
        run.write(lines(number, number + 1_000))
    run.end()
    await run.put_away()

    class CountingArchive(FakeArchive):
        opened = 0

        def pieces(self, run_id: RunId) -> Iterator[bytes] | None:
            self.opened += 1
            return run.archive.pieces(run_id)

    archive = CountingArchive()
    run.feed = run.new_feed(archive)
    _, first = await run.follow(until=lambda data: len(data) > 1_500_000)
    second = 0
    for _ in range(10):
        first = (await run.feed.piece(RUN, first, "all")).next_offset
        second = (await run.feed.piece(RUN, second, "all")).next_offset

    assert archive.opened == 2


@on_a_loop
async def test_followers_that_come_and_go_at_random_miss_and_repeat_nothing(run: Written):
    dice = random.Random(7)
    seen: list[tuple[bytes, int]] = [(b"", 0)] * 5
    written = 0
    for _ in range(40):
        more = dice.randrange(1, 3_000)
        run.write(lines(written, written + more))
        written += more
        for number, (data, offset) in enumerate(seen):
            if dice.random() < 0.5:
                new, offset = await run.follow(offset, until=lambda _: dice.random() < 0.3)
                seen[number] = (data + new, offset)
        if dice.random() < 0.1:
            run.feed = run.new_feed()
    run.end()
    await run.put_away()

    for data, offset in seen:
        rest, _ = await run.follow(offset)
        assert data + rest == lines(0, written).encode()


@on_a_loop
async def test_those_who_stand_at_the_same_place_share_one_read(
    run: Written, monkeypatch: pytest.MonkeyPatch
):
    run.write(lines(0, 1_000))
    read = 0
    follower = feeding.Follower

    def counted(*arguments: object) -> object:
        nonlocal read
        read += 1
        return follower(*arguments)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(feeding, "Follower", counted)
    pieces = await asyncio.gather(*(run.feed.piece(RUN, 0, "all") for _ in range(50)))

    assert ({piece.data for piece in pieces}, read) == ({lines(0, 1_000).encode()}, 1)


@on_a_loop
async def test_a_slow_follower_is_not_read_for_from_the_beginning(
    run: Written, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(feeding, "MOST_BYTES", 0)
    for number in range(0, 60_000, 10):
        run.write(lines(number, number + 10))
    parsed = 0
    parse = frames._parse

    def counted(view: memoryview, at: int) -> tuple[list[frames.Frame], int]:
        nonlocal parsed
        found = parse(view, at)
        parsed += len(found[0])
        return found

    monkeypatch.setattr(frames, "_parse", counted)
    data, _ = await run.follow()

    # Nothing is remembered but places, so each batch is read for each of its pieces.
    assert (data, parsed < 8 * 6_000) == (lines(0, 60_000).encode(), True)


@on_a_loop
async def test_what_is_remembered_is_bounded(run: Written):
    run.write(lines(0, 600_000))

    await run.follow()

    assert run.feed._pieces._bytes <= feeding.MOST_BYTES


@on_a_loop
async def test_output_that_was_not_kept_shows_as_a_notice_once(tmp_path: Path):
    run = Written(tmp_path, limit=400_000)
    run.write("x" * 150_000)
    seen, offset = await run.follow()
    for _ in range(20):
        run.write("y" * 100_000)
    run.end()

    rest, end = await run.follow(offset)

    assert (seen, end) == (b"x" * 150_000, 2_150_000)
    assert rest.count(b"bytes cut") == 1


@on_a_loop
async def test_a_run_that_is_cleared_away_under_the_look_is_read_from_the_archive(run: Written):
    text = lines(0, 50_000)
    run.write(text)
    run.end()

    class LateArchive(FakeArchive):
        looks = 0

        def frames(self, run_id: RunId) -> bytes | None:
            self.looks += 1
            return None if self.looks == 1 else packed

    packed = frames.pack(frames.read_frames(run.directory))
    for file in run.directory.iterdir():
        file.unlink()
    run.feed = run.new_feed(LateArchive())

    assert (await run.follow())[0] == text.encode()


@on_a_loop
async def test_a_run_that_is_not_there_is_told_to_all_who_ask(run: Written):
    def missing(_: RunId) -> bool:
        raise NotFound("there is no run")

    feed = Feed(run.places, run.archive, missing)
    found = await asyncio.gather(
        *(feed.piece(RUN, 0, "all") for _ in range(3)), return_exceptions=True
    )

    assert [type(one) for one in found] == [NotFound] * 3
