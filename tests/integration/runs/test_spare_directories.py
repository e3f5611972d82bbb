"""Directories of archived runs are claimed again, by rename, and by one run each."""

import errno
from itertools import count
from pathlib import Path

import pytest

from engine.model.identity import RunId
from engine.runner.files import Claim
from engine.runner.frames import STDOUT, claim_in, read_frames
from engine.runner.framewriter import FrameWriter
from engine.runner.protocol import CLAIM_NAME, SPARES_NAME
from engine.runner.spares import Spares
from engine.runs.finish import clear
from engine.runs.places import RunPlaces
from engine.runs.spares import Leaving, sweep

OLD, NEW = RunId("20260501T120000-01"), RunId("20260501T120000-02")


@pytest.fixture
def places(tmp_path: Path) -> RunPlaces:
    return RunPlaces(tmp_path)


def written(places: RunPlaces, run_id: RunId, output: bytes, spares: Spares | None = None) -> Path:
    directory = places.run(run_id)
    writer = FrameWriter(directory, None, Claim(directory, {"id": run_id}, spares))
    if output:
        writer.write(1, STDOUT, memoryview(output))
    writer.close()
    return directory


def inode(directory: Path) -> int:
    return (directory / CLAIM_NAME).stat().st_ino


def names(places: RunPlaces) -> list[str]:
    return sorted(path.name for path in (places.data / "runs" / SPARES_NAME).iterdir())


def test_a_run_begins_in_the_directory_that_another_left_with_nothing_of_it(places: RunPlaces):
    old = written(places, OLD, b"a long output of the old run")
    left = inode(old)
    assert Leaving().leave(old)
    new = written(places, NEW, b"new", Spares())

    assert (inode(new), old.exists(), names(places)) == (left, False, [])
    assert claim_in((new / CLAIM_NAME).read_bytes())["id"] == NEW
    assert [frame.data for frame in read_frames(new)] == [b"new"]


@pytest.mark.parametrize("name", [CLAIM_NAME, "payload"])
def test_a_directory_with_anything_in_it_is_not_replaced(places: RunPlaces, name: str):
    Leaving().leave(written(places, OLD, b""))
    directory = places.run(NEW)
    directory.mkdir(parents=True)
    (directory / name).write_bytes(b"mine")

    if name == CLAIM_NAME:
        with pytest.raises(FileExistsError):
            Claim(directory, {"id": NEW}, Spares())
    else:
        written(places, NEW, b"new", Spares())
        assert [frame.data for frame in read_frames(directory)] == [b"new"]
    assert (directory / name).read_bytes() == b"mine"


def test_an_empty_directory_is_no_claim(places: RunPlaces):
    Leaving().leave(written(places, OLD, b""))
    places.run(NEW).mkdir(parents=True)

    assert [frame.data for frame in read_frames(written(places, NEW, b"x", Spares()))] == [b"x"]


def test_a_spare_that_could_not_be_had_is_there_for_the_next(places: RunPlaces):
    spares = Spares()
    Leaving().leave(written(places, OLD, b""))
    taken = places.run(NEW)
    written(places, NEW, b"first")
    with pytest.raises(FileExistsError):
        Claim(taken, {"id": NEW}, spares)
    third = written(places, RunId("20260501T120000-03"), b"third", spares)

    assert [frame.data for frame in read_frames(third)] == [b"third"]
    assert [frame.data for frame in read_frames(taken)] == [b"first"]


def test_a_reader_of_the_old_output_meets_no_other(places: RunPlaces):
    old = written(places, OLD, b"old")
    with (old / CLAIM_NAME).open("rb") as reader:
        reader.seek(30)
        Leaving().leave(old)

        assert reader.read() == b""


def test_no_more_are_left_than_are_wanted(places: RunPlaces):
    leaving = Leaving(most=1)
    directories = [written(places, RunId(f"20260501T120000-0{n}"), b"") for n in range(3)]

    assert [leaving.leave(directory) for directory in directories] == [True, False, False]
    assert not Leaving(most=1).leave(directories[1])


def test_what_is_being_emptied_is_not_taken_and_swept_later(places: RunPlaces):
    Leaving().leave(written(places, OLD, b""))
    runs = places.data / "runs" / SPARES_NAME
    (runs / names(places)[0]).rename(runs / ".half")
    written(places, NEW, b"new", Spares())
    before = names(places)
    sweep(places)

    assert (before, names(places)) == ([".half"], [])


def test_a_disk_that_keeps_no_spares_gets_rid_of_the_directory_all_the_same(places: RunPlaces):
    old = written(places, OLD, b"old")
    (places.data / "runs" / SPARES_NAME).write_bytes(b"no directory can be made here")
    clear(old, Leaving())

    assert not old.exists()


@pytest.mark.parametrize("step", [1, 2])
def test_a_rename_that_a_full_disk_refuses_leaves_nothing_behind(
    places: RunPlaces, monkeypatch: pytest.MonkeyPatch, step: int
):
    old, rename, steps = written(places, OLD, b"old"), Path.rename, count(1)

    def refused(path: Path, to: Path) -> Path:
        if next(steps) == step:
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(path, to)

    monkeypatch.setattr(Path, "rename", refused)
    clear(old, Leaving())

    assert (old.exists(), names(places)) == (False, [])


def test_spares_are_no_runs(places: RunPlaces):
    Leaving().leave(written(places, OLD, b""))

    assert places.existing() == []
