"""What is below a directory is opened, and nothing else, whatever links say."""

import os
import socket
from pathlib import Path

import pytest

from engine.tree.contained import directory_of, open_contained
from engine.tree.inner_path import inner_path
from engine.tree.reading import NotRegular


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "etl" / "data").mkdir(parents=True)
    (root / "etl" / "data" / "a.csv").write_text("inside")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.csv").write_text("outside")
    return root


def read(root: Path, path: str) -> str:
    descriptor, _ = open_contained(root, inner_path(path))
    with os.fdopen(descriptor) as file:
        return file.read()


def test_a_file_below_is_read(tree: Path):
    assert read(tree, "etl/data/a.csv") == "inside"


def test_the_root_itself_may_be_a_link(tree: Path, tmp_path: Path):
    (tmp_path / "link").symlink_to(tree)

    assert read(tmp_path / "link", "etl/data/a.csv") == "inside"


@pytest.mark.parametrize("target", ["../../outside/a.csv", "/etc/passwd", "data/a.csv", "me"])
def test_a_link_to_a_file_is_not_followed(tree: Path, target: str):
    (tree / "etl" / "me").symlink_to(target)

    with pytest.raises(NotRegular):
        read(tree, "etl/me")


@pytest.mark.parametrize("target", ["../../outside", "data", "."])
def test_a_link_to_a_directory_is_not_passed(tree: Path, target: str):
    (tree / "etl" / "way").symlink_to(target)

    with pytest.raises(NotRegular):
        read(tree, "etl/way/a.csv")


def test_a_directory_exchanged_for_a_link_after_it_was_opened_leads_nowhere(
    tree: Path, tmp_path: Path
):
    with directory_of(tree, inner_path("etl/data/a.csv")) as directory:
        (tree / "etl" / "data").rename(tree / "etl" / "moved")
        (tree / "etl" / "data").symlink_to(tmp_path / "outside")
        descriptor = os.open("a.csv", os.O_RDONLY, dir_fd=directory)

    with os.fdopen(descriptor) as file:
        assert file.read() == "inside"


def test_a_fifo_holds_nobody_up(tree: Path):
    os.mkfifo(tree / "etl" / "pipe")

    with pytest.raises(NotRegular):
        read(tree, "etl/pipe")


def test_a_socket_is_refused(tree: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tree)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("etl/s")

        with pytest.raises(NotRegular):
            read(tree, "etl/s")


@pytest.mark.parametrize("path", ["etl", "etl/data/a.csv/b"])
def test_a_kind_other_than_the_path_says_is_refused(tree: Path, path: str):
    with pytest.raises(NotRegular):
        read(tree, path)


def test_what_is_not_there_is_told_as_such(tree: Path):
    with pytest.raises(FileNotFoundError):
        read(tree, "etl/none/a.csv")


def test_no_descriptor_is_left_open(tree: Path):
    (tree / "etl" / "way").symlink_to("data")
    before = len(list(Path("/proc/self/fd").iterdir()))

    for path in ("etl/way/a.csv", "etl/none", "etl"):
        with pytest.raises((NotRegular, FileNotFoundError)):
            read(tree, path)

    assert len(list(Path("/proc/self/fd").iterdir())) == before
