"""Ended runs are archived together, and each caller is told of its own run."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.model.identity import RunId
from engine.runner import protocol
from engine.runner.framewriter import FrameWriter
from engine.runs import archiver as archiver_module
from engine.runs.archiver import Archiver
from engine.runs.places import RunPlaces
from tests.fakes.archive import FakeArchive

RUNS = [RunId(f"20260501T120000-{number:02x}") for number in range(5)]


class Counting(FakeArchive):
    """Refuses some runs, and notes how many are asked for at once."""

    def __init__(self, *, refused: Sequence[RunId] = ()) -> None:
        super().__init__()
        self.refused = refused
        self.at_once = 0
        self.most_at_once = 0

    async def keep(self, run_id: RunId, frames: bytes, text: str) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if run_id in self.refused:
            raise Unavailable("disk full")
        await super().keep(run_id, frames, text)


@pytest.fixture
def places(tmp_path: Path) -> RunPlaces:
    places = RunPlaces(tmp_path)
    for run_id in RUNS:
        directory = places.run(run_id)
        directory.mkdir(parents=True)
        (directory / protocol.CLAIM_NAME).write_text("{}")
        writer = FrameWriter(directory, None)
        writer.write(0, 1, memoryview(run_id.encode()))
        writer.close()
    return places


async def put_away(archiver: Archiver, run_ids: Sequence[RunId]) -> list[BaseException | None]:
    asked = (archiver.put_away(run_id) for run_id in run_ids)
    return await asyncio.gather(*asked, return_exceptions=True)


def test_runs_that_end_together_are_kept_together(places: RunPlaces):
    archive = Counting()

    asyncio.run(put_away(Archiver(places, archive, gather_for=0), RUNS))

    assert archive.most_at_once == len(RUNS)
    assert sorted(archive.kept) == RUNS
    assert not any(places.run(run_id).exists() for run_id in RUNS)


def test_a_group_is_no_larger_than_memory_allows(
    places: RunPlaces, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(archiver_module, "LARGEST_GROUP", 2)
    archive = Counting()

    asyncio.run(put_away(Archiver(places, archive, gather_for=0), RUNS))

    assert archive.most_at_once == 2
    assert sorted(archive.kept) == RUNS


def test_one_that_is_refused_keeps_its_files_and_the_others_go(places: RunPlaces):
    archive = Counting(refused=RUNS[1:2])

    told = asyncio.run(put_away(Archiver(places, archive, gather_for=0), RUNS))

    assert [str(each) for each in told if each is not None] == ["disk full"]
    assert [run_id for run_id in RUNS if places.run(run_id).exists()] == RUNS[1:2]


def test_a_run_that_two_ask_for_is_archived_once_and_both_are_told(places: RunPlaces):
    archive = Counting()

    told = asyncio.run(put_away(Archiver(places, archive, gather_for=0), [RUNS[0]] * 2))

    assert (told, archive.most_at_once) == ([None, None], 1)


def test_nothing_is_archived_once_its_callers_are_gone(places: RunPlaces):
    archive = Counting()

    async def ask_and_leave() -> None:
        asked = asyncio.gather(put_away(Archiver(places, archive, gather_for=3600), RUNS))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        await asyncio.sleep(0)

    asyncio.run(ask_and_leave())

    assert archive.kept == {}
    assert all(places.run(run_id).exists() for run_id in RUNS)


def test_work_goes_on_after_callers_left(places: RunPlaces):
    archive = Counting()

    async def leave_and_ask_again() -> None:
        archiver = Archiver(places, archive, gather_for=0)
        first = asyncio.create_task(archiver.put_away(RUNS[0]))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await archiver.put_away(RUNS[1])

    asyncio.run(asyncio.wait_for(leave_and_ask_again(), 10))

    assert list(archive.kept) == [RUNS[1]]


def test_while_there_is_no_room_for_another_run_it_rests(places: RunPlaces):
    archive = Counting()
    busy = iter([True, True, False])
    left: list[int] = []

    def is_busy() -> bool:
        left.append(len(archive.kept))
        return next(busy)

    asyncio.run(put_away(Archiver(places, archive, gather_for=0, busy=is_busy), RUNS))

    assert left == [0, 0, 0]
    assert sorted(archive.kept) == RUNS


@pytest.mark.parametrize("bound", ["LARGEST_REST", "MOST_AT_REST"])
def test_it_rests_no_longer_than_search_and_disk_allow(
    places: RunPlaces, monkeypatch: pytest.MonkeyPatch, bound: str
):
    monkeypatch.setattr(archiver_module, bound, 0.003 if bound == "LARGEST_REST" else 5)
    archive = Counting()

    asyncio.run(put_away(Archiver(places, archive, gather_for=0.001, busy=lambda: True), RUNS))

    assert sorted(archive.kept) == RUNS
