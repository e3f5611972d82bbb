"""A tree is put under git by a process of its own."""

import asyncio
import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.errors import BrokenRepository
from engine.history import commit, repository
from engine.history.begin import begin
from engine.history.files import Found

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)


def log(tree: Path) -> str:
    return subprocess.run(
        ["git", "-C", str(tree), "log", "--format=%s %ct", "--name-only"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_all_files_are_in_the_first_commit(tmp_path: Path):
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello" / "hello.py").write_text("print('hello')\n")

    begun = asyncio.run(begin(tmp_path, NOW))

    assert begun.head() is not None
    assert log(tmp_path).split("\n\n") == [
        "Begin the history of the scripts 1777626000",
        ".gitignore\nhello/hello.py\n",
    ]


def test_a_repository_that_is_there_is_left_as_it_is(tmp_path: Path):
    first = asyncio.run(begin(tmp_path, NOW)).head()
    (tmp_path / "new.txt").write_text("new")

    assert asyncio.run(begin(tmp_path, NOW)).head() == first


def test_what_is_wrong_is_told_with_the_place(tmp_path: Path):
    (tmp_path / ".git").write_text("nonsense")

    with pytest.raises(BrokenRepository, match=f"{tmp_path}.*git fsck"):
        asyncio.run(begin(tmp_path, NOW))


def test_a_module_of_the_tree_is_not_taken_for_ours(tmp_path: Path):
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text("raise SystemExit('not ours')\n")

    assert asyncio.run(begin(tmp_path, NOW)).head() is not None


def test_a_kill_in_the_first_commit_is_made_good_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "hello.py").write_text("print('hello')\n")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(repository, "commit_files", killed)
        with pytest.raises(KeyboardInterrupt):
            repository.Repository.init_if_missing(tmp_path, NOW)

    assert repository.Repository.discover(tmp_path) is None
    asyncio.run(begin(tmp_path, NOW))
    assert log(tmp_path).endswith(".gitignore\nhello.py\n")


def test_what_a_person_committed_after_a_kill_stays(tmp_path: Path):
    first = asyncio.run(begin(tmp_path, NOW)).head()
    (tmp_path / ".git" / repository.UNFINISHED).touch()

    assert asyncio.run(begin(tmp_path, NOW)).head() == first


def test_a_file_that_cannot_be_read_is_not_in_the_first_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "broken.py").write_text("x")
    works = os.open

    def fails(path: Any, *rest: Any, **more: Any) -> int:
        if str(path).endswith("broken.py"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return works(path, *rest, **more)

    monkeypatch.setattr(os, "open", fails)
    repository.Repository.init_if_missing(tmp_path, NOW)

    assert log(tmp_path).endswith("\n\n.gitignore\n")


def commit_as_a_person(tree: Path) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@localhost"]
    command = ["git", "-C", str(tree), *who, "commit", "-q", "--allow-empty", "-m", "Mine"]
    subprocess.run(command, check=True)


def test_what_a_person_commits_during_the_first_commit_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    found = repository.files_to_commit

    def files(root: str, ignored: Callable[[str], bool]) -> Iterator[Found]:
        yield from found(root, ignored)
        commit_as_a_person(tmp_path)

    monkeypatch.setattr(repository, "files_to_commit", files)
    repository.Repository.init_if_missing(tmp_path, NOW)

    assert log(tmp_path).startswith("Mine ")


def test_what_a_person_commits_at_the_last_moment_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(commit.Index, "write", lambda _: commit_as_a_person(tmp_path))
    repository.Repository.init_if_missing(tmp_path, NOW)

    assert log(tmp_path).startswith("Mine ")


def test_two_first_commits_at_once_both_end_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    commit_files = repository.commit_files

    def with_another(*arguments: object) -> None:
        monkeypatch.setattr(repository, "commit_files", commit_files)
        repository.Repository.init_if_missing(tmp_path, NOW)
        commit_files(*arguments)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(repository, "commit_files", with_another)
    (tmp_path / "hello.py").write_text("print('hello')\n")
    repository.Repository.init_if_missing(tmp_path, NOW)

    assert log(tmp_path).endswith(".gitignore\nhello.py\n")
