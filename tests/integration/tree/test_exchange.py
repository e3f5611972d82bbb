"""The content of a file is exchanged whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from engine.tree.exchange import exchange, remove
from engine.tree.inner_path import inner_path
from engine.tree.reading import NotRegular


def test_a_file_that_was_not_there_is_created(tmp_path: Path):
    exchange(tmp_path, inner_path("a.py"), b"new")

    assert (tmp_path / "a.py").read_bytes() == b"new"


def test_an_exchanged_file_keeps_its_permissions(tmp_path: Path):
    (tmp_path / "a.py").touch()
    (tmp_path / "a.py").chmod(0o750)

    exchange(tmp_path, inner_path("a.py"), b"new")

    assert (tmp_path / "a.py").stat().st_mode & 0o7777 == 0o750


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_disk_that_fails_leaves_the_file_as_it_was_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
):
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "a.py").write_bytes(b"old")
    monkeypatch.setattr(os, step, fail)

    with pytest.raises(OSError, match="No space left"):
        exchange(tmp_path, inner_path("a.py"), b"new")

    found = {f.name: f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}
    assert found == {"a.py": b"old"}


def test_a_link_is_neither_followed_nor_replaced(tmp_path: Path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "a.py").symlink_to("real")

    with pytest.raises(NotRegular):
        exchange(tmp_path, inner_path("a.py"), b"new")


def test_directories_on_the_way_are_made(tmp_path: Path):
    exchange(tmp_path, inner_path("lib/deep/a.py"), b"new")

    assert (tmp_path / "lib/deep/a.py").read_bytes() == b"new"


@pytest.mark.parametrize("why", [errno.EXDEV, errno.EACCES])
def test_a_file_that_cannot_come_from_the_root_is_written_beside_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: int
):
    rename = os.rename

    def within(source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        if not os.path.samestat(os.fstat(src_dir_fd), os.fstat(dst_dir_fd)):
            raise OSError(why, os.strerror(why))
        rename(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "rename", within)

    exchange(tmp_path, inner_path("lib/a.py"), b"new")

    found = {f.name: f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}
    assert found == {"a.py": b"new"}


def test_a_file_is_removed(tmp_path: Path):
    exchange(tmp_path, inner_path("lib/a.py"), b"new")

    remove(tmp_path, inner_path("lib/a.py"))

    assert list((tmp_path / "lib").iterdir()) == []


@pytest.mark.parametrize("kind", ["link", "directory"])
def test_nothing_but_a_file_is_removed(tmp_path: Path, kind: str):
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to("directory")

    with pytest.raises(NotRegular):
        remove(tmp_path, inner_path(kind))
