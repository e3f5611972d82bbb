"""What an edit left unfinished is cleared, and what it had put aside comes back."""

import os
from pathlib import Path
from typing import Any

import pytest

from engine.tree.staging import STAGING, discard, put_aside, put_back, staging, tidy


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etl/load").mkdir(parents=True)
    (tmp_path / "etl/load/main.py").write_text("one")
    return tmp_path


def names(root: Path) -> list[str]:
    return sorted(path.name for path in (root / STAGING).iterdir())


def test_a_tree_without_leftovers_is_left_alone(root: Path):
    assert (list(tidy(root)), (root / STAGING).exists()) == ([], False)


def test_a_directory_put_aside_is_out_of_the_tree_and_whole(root: Path):
    aside = put_aside(root, "etl/load")

    assert not (root / "etl/load").exists()
    assert (aside / "main.py").read_text() == "one"


def test_where_a_directory_was_is_on_the_disk_before_it_moves(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    done: list[str] = []
    fsync, rename = os.fsync, os.rename

    def synced(descriptor: int) -> None:
        fsync(descriptor)
        done.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)

    def renamed(*names: Any, **directories: Any) -> None:
        rename(*names, **directories)
        done.append("moved")

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    aside = put_aside(root, "etl/load")

    assert done == [f"{aside.name}.place", STAGING, "moved"]


def test_what_was_put_aside_comes_back(root: Path):
    put_back(root, put_aside(root, "etl/load"))

    assert (root / "etl/load/main.py").read_text() == "one"
    assert names(root) == []


def test_what_was_put_aside_goes_for_good_when_told(root: Path):
    discard(put_aside(root, "etl/load"))

    assert names(root) == []


def test_a_removal_that_was_cut_off_is_undone(root: Path):
    put_aside(root, "etl/load")

    assert list(tidy(root)) == ["etl/load"]
    assert (root / "etl/load/main.py").read_text() == "one"
    assert names(root) == []


def test_what_has_something_else_in_its_place_stays_aside(
    root: Path, caplog: pytest.LogCaptureFixture
):
    aside = put_aside(root, "etl/load")
    (root / "etl/load").mkdir()

    assert list(tidy(root)) == []
    assert (aside / "main.py").read_text() == "one"
    assert "a removed directory stays aside: its place is taken" in caplog.messages


def test_half_a_file_half_a_directory_and_a_note_alone_are_cleared(root: Path):
    with staging(root):
        pass
    (root / STAGING / "half.tmp").write_text("ha")
    (root / STAGING / "new").mkdir()
    (root / STAGING / "new/main.py").write_text("ha")
    (root / STAGING / "gone-1.place").write_text("etl/load")

    list(tidy(root))

    assert names(root) == []


def test_a_link_in_place_of_the_directory_is_not_followed(root: Path, tmp_path: Path):
    (root / STAGING).symlink_to(tmp_path)

    with pytest.raises(OSError, match=r"directory|symbolic"), staging(root):
        pass
