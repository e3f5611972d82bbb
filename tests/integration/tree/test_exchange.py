"""The content of a file is exchanged whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from engine.tree.exchange import exchange
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

    assert {f.name: f.read_bytes() for f in tmp_path.iterdir()} == {"a.py": b"old"}


def test_a_link_is_neither_followed_nor_replaced(tmp_path: Path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "a.py").symlink_to("real")

    with pytest.raises(NotRegular):
        exchange(tmp_path, inner_path("a.py"), b"new")
