"""The files of a script as its editors see them."""

import os
from pathlib import Path

import pytest

from engine.errors import FileTooLarge
from engine.model.file import FileList, etag_of
from engine.tree import script_files
from engine.tree.inner_path import InnerPath, inner_path
from engine.tree.reading import NotRegular
from engine.tree.script_files import list_files, read_file

SCRIPT = InnerPath(("etl", "load"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "etl/load"
    directory.mkdir(parents=True)
    (directory / "load.py").write_bytes(b"print()\r\n")
    return tmp_path


def listed(root: Path, largest: int = 1_000) -> FileList:
    return list_files(root, SCRIPT, largest)


def write(root: Path, *paths: str) -> None:
    for path in paths:
        file = root / "etl/load" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)


def test_a_file_is_read_with_its_version(root: Path):
    found = read_file(root, SCRIPT, inner_path("load.py"), 100)

    assert (found.content, found.info.etag) == (b"print()\r\n", etag_of(b"print()\r\n"))


def test_a_file_over_the_bound_is_refused(root: Path):
    with pytest.raises(FileTooLarge, match="9 bytes"):
        read_file(root, SCRIPT, inner_path("load.py"), 8)


def test_hidden_files_are_listed_and_what_programs_make_is_not(root: Path):
    write(root, ".env", "lib/a.py", ".git/config", "__pycache__/a.pyc", "lib/b.pyc")
    (root / "etl/load/.venv").symlink_to("/nowhere")

    assert [one.path for one in listed(root).items] == [".env", "lib/a.py", "load.py"]


def test_links_and_special_files_are_not_listed(root: Path):
    (root / "etl/load/link.py").symlink_to("load.py")
    (root / "etl/load/way").symlink_to("..")
    os.mkfifo(root / "etl/load/pipe")

    assert [one.path for one in listed(root).items] == ["load.py"]


@pytest.mark.parametrize("name", [b"bad-\xff", b"line\nbreak", b"back\\slash"])
def test_a_name_that_no_address_can_hold_is_not_listed(root: Path, name: bytes):
    Path(os.fsdecode(os.fsencode(root) + b"/etl/load/" + name)).touch()

    assert [one.path for one in listed(root).items] == ["load.py"]


def test_a_file_over_the_bound_is_listed_without_a_version(root: Path):
    assert [(one.size, one.etag) for one in listed(root, largest=8).items] == [(9, None)]


def test_only_so_many_bytes_are_read_for_a_list(root: Path, monkeypatch: pytest.MonkeyPatch):
    write(root, "second.py")
    monkeypatch.setattr(script_files, "MOST_HASHED", 10)

    assert [one.etag is None for one in listed(root).items] == [False, True]


def test_a_list_says_when_it_is_not_complete(root: Path, monkeypatch: pytest.MonkeyPatch):
    write(root, "a", "b")
    monkeypatch.setattr(script_files, "MOST", 2)

    found = listed(root)

    assert (len(found.items), found.complete) == (2, False)


def test_a_script_that_became_a_link_has_no_files(root: Path, tmp_path: Path):
    (root / "etl/load").rename(tmp_path / "elsewhere")
    (root / "etl/load").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(NotRegular):
        listed(root)
