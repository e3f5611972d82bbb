"""Single places of the work tree are committed, and real git agrees with what it finds."""

import errno
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.errors import BrokenRepository, Unavailable
from engine.history import files
from engine.history.record import Message
from engine.history.repository import Repository

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
Git = Callable[..., str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with two scripts and an ignore file in one commit."""
    root = tmp_path / "scripts"
    for script in ("etl/load", "web/site"):
        (root / script).mkdir(parents=True)
        (root / script / "main.py").write_text("one\n")
    (root / ".gitignore").write_text("*.csv\n")
    run_git(root, "init", "-q", "-b", "main")
    run_git(root, "add", "-A")
    run_git(root, "commit", "-q", "-m", "begin")
    return root


def run_git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    done = subprocess.run(
        ["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.rstrip()


@pytest.fixture
def git(root: Path) -> Git:
    return lambda *arguments: run_git(root, *arguments)


def record(root: Path, *places: str, author: str = "ada", tree: Path | None = None) -> str | None:
    repository = Repository.discover(tree or root)
    assert repository is not None
    message = Message(text="Edit it", author=author, at=NOW)
    return repository.record({place: (tree or root) / place for place in places}, message)


def test_the_commit_holds_the_file_and_names_who_asked_for_it(root: Path, git: Git):
    (root / "etl/load/main.py").write_text("two\n")

    commit = record(root, "etl/load/main.py")

    said = git("log", "-1", "--format=%H %an %ae %cn %s %ct", "--name-status")
    assert (
        said == f"{commit} ada ada@localhost PyScheduler Edit it 1777626000\n\nM\tetl/load/main.py"
    )


def test_git_finds_the_work_tree_clean_and_itself_sound_afterwards(root: Path, git: Git):
    (root / "etl/load/main.py").write_text("two\n")
    (root / "etl/load/lib").mkdir()
    (root / "etl/load/lib/a.py").write_text("a\n")

    record(root, "etl/load/main.py", "etl/load/lib/a.py")

    assert (git("status", "--porcelain"), git("fsck", "--strict", "--no-dangling")) == ("", "")


def test_a_directory_is_recorded_with_all_its_files(root: Path, git: Git):
    (root / "new/deep").mkdir(parents=True)
    (root / "new/deep/run.sh").write_text("#!/bin/sh\n")
    (root / "new/deep/run.sh").chmod(0o755)
    (root / "new/link").symlink_to("deep/run.sh")

    record(root, "new")

    assert git("ls-tree", "-r", "HEAD", "new").split() == [
        "100755", "blob", git("hash-object", "new/deep/run.sh"), "new/deep/run.sh",
        "120000", "blob", git("rev-parse", "HEAD:new/link"), "new/link",
    ]  # fmt: skip


def test_what_is_gone_is_removed_with_the_folders_that_are_empty_then(root: Path, git: Git):
    (root / "etl/load/main.py").unlink()
    (root / "etl/load").rmdir()

    record(root, "etl/load")

    assert git("ls-tree", "-r", "--name-only", "HEAD") == ".gitignore\nweb/site/main.py"
    assert git("status", "--porcelain") == ""


def test_other_changes_staged_or_not_stay_as_they_are(root: Path, git: Git):
    (root / "web/site/main.py").write_text("not staged\n")
    (root / "staged.txt").write_text("staged\n")
    git("add", "staged.txt")
    (root / "etl/load/main.py").write_text("two\n")

    record(root, "etl/load/main.py")

    changed = git("status", "--porcelain")

    assert changed.split("\n") == ["A  staged.txt", " M web/site/main.py"]


def test_a_commit_of_the_user_that_follows_is_whole(root: Path, git: Git):
    git("status")
    (root / "etl/load/main.py").write_text("two\n")
    record(root, "etl/load/main.py")
    (root / "web/site/main.py").write_text("three\n")
    git("commit", "-q", "-a", "-m", "mine")

    assert git("show", "HEAD:etl/load/main.py") == "two"
    assert git("fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_an_index_of_every_version_stays_whole(root: Path, git: Git, version: str):
    long = "x" * 200
    for name in (long, "a-b", "a.b", "a", "é"):
        (root / "web/site" / name).mkdir()
        (root / "web/site" / name / long).write_text(name)
    git("add", "-A")
    git("commit", "-q", "-m", "more")
    git("update-index", "--index-version", version)
    git("update-index", "--skip-worktree", "web/site/main.py")
    (root / "etl/load/main.py").write_text("two\n")
    (root / "web/site/a.c").write_text("new")

    record(root, "etl/load", "web/site/a.c")

    assert (git("status", "--porcelain"), git("ls-files", "-t", "web/site/main.py")) == (
        "",
        "S web/site/main.py",
    )
    names = [name.encode() for name in git("ls-files", "-z").split("\0") if name]
    assert names == sorted(names)


def test_a_split_index_is_not_broken(root: Path, git: Git):
    git("update-index", "--split-index")
    (root / "etl/load/main.py").write_text("two\n")

    with pytest.raises(Unavailable, match="no-split-index"):
        record(root, "etl/load/main.py")

    assert git("status", "--porcelain") == " M etl/load/main.py"


def test_nothing_new_is_no_commit(root: Path, git: Git):
    assert record(root, "etl/load", "not/there") is None
    assert git("rev-list", "--count", "HEAD") == "1"


def test_an_ignored_file_is_left_out(root: Path):
    (root / "etl/load/data.csv").write_text("1,2\n")

    assert record(root, "etl/load/data.csv", "etl/load") is None


def test_an_ignored_file_that_is_committed_already_goes_on(root: Path, git: Git):
    (root / "etl/load/data.csv").write_text("1\n")
    git("add", "-f", "etl/load/data.csv")
    git("commit", "-q", "-m", "data")
    (root / "etl/load/data.csv").write_text("2\n")

    record(root, "etl/load")

    assert git("show", "HEAD:etl/load/data.csv") == "2"


def test_a_place_may_lie_elsewhere_while_it_is_recorded(root: Path, git: Git, tmp_path: Path):
    (root / "etl/load/new.py").write_text("new\n")
    (root / "etl/load").rename(tmp_path / "aside")
    repository = Repository.discover(root)
    assert repository is not None

    repository.record(
        {"etl/load": tmp_path / "aside"}, Message(text="Keep it", author="ada", at=NOW)
    )

    assert git("show", "HEAD:etl/load/new.py") == "new"


def test_a_tree_below_the_root_of_its_repository_is_recorded_at_its_place(root: Path, git: Git):
    (root / "etl/load/main.py").write_text("two\n")

    record(root, "load/main.py", tree=root / "etl")

    assert git("show", "HEAD:etl/load/main.py") == "two"


def broken(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have neither the file nor the directory at a place be readable any more."""
    for name in ("open", "scandir"):
        works = getattr(os, name)

        def fails(path: object, *rest: Any, works: Any = works, **more: Any) -> Any:
            if isinstance(path, str) and path.rstrip("/").endswith(place):
                raise OSError(errno.EIO, os.strerror(errno.EIO), path)
            return works(path, *rest, **more)

        monkeypatch.setattr(os, name, fails)


@pytest.mark.parametrize("place", ["load/main.py", "load/lib"])
def test_what_cannot_be_read_is_not_recorded_as_gone(
    root: Path, git: Git, monkeypatch: pytest.MonkeyPatch, place: str
):
    (root / "etl/load/lib").mkdir()
    (root / "etl/load/lib/new.py").write_text("new\n")
    broken(place, monkeypatch)

    with pytest.raises(BrokenRepository, match=place):
        record(root, "etl/load")

    assert git("rev-list", "--count", "HEAD") == "1"


def test_a_directory_that_cannot_be_read_is_not_taken_for_an_empty_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    repository = Repository.discover(root)
    assert repository is not None
    monkeypatch.setattr(files, "_entries", lambda *_, **__: [])
    broken("etl/load", monkeypatch)

    with pytest.raises(BrokenRepository, match="etl/load"):
        repository.left_out("etl/load", root / "etl/load")


def test_a_file_may_become_a_directory(root: Path, git: Git):
    (root / "etl/load/lib").write_text("a file\n")
    record(root, "etl/load/lib")
    (root / "etl/load/lib").unlink()
    (root / "etl/load/lib/deep").mkdir(parents=True)
    (root / "etl/load/lib/deep/a.py").write_text("a\n")

    record(root, "etl/load/lib/deep/a.py")

    assert git("write-tree") == git("rev-parse", "HEAD^{tree}")
    assert git("status", "--porcelain") == ""


def test_the_first_commit_may_be_of_a_single_place(tmp_path: Path):
    run_git(tmp_path, "init", "-q", "-b", "trunk")
    (tmp_path / "a").write_text("a")

    assert record(tmp_path, "a") == run_git(tmp_path, "rev-parse", "trunk")


@pytest.mark.parametrize("left", ["MERGE_HEAD", "index.lock"])
def test_git_at_work_is_not_disturbed(root: Path, git: Git, left: str):
    (root / ".git" / left).write_text("x")
    (root / "etl/load/main.py").write_text("two\n")

    with pytest.raises(Unavailable, match="takes no commit"):
        record(root, "etl/load/main.py")

    (root / ".git" / left).unlink()
    assert git("rev-list", "--count", "HEAD") == "1"


def test_a_name_that_git_would_not_take_is_made_one(root: Path, git: Git):
    (root / "etl/load/main.py").write_text("two\n")

    record(root, "etl/load/main.py", author="Eve <eve@evil>\nX: y")

    assert git("log", "-1", "--format=%an %ae") == "Eve eve@evil X: y eve-eve-evil-x-y@localhost"


def test_files_that_a_commit_would_not_hold_are_named(root: Path, git: Git):
    git("init", "-q", "etl/load/vendored")
    for name in ("data.csv", "new.py", "x.pyc", "vendored/a.py", "sub/b.csv"):
        (root / "etl/load" / name).parent.mkdir(exist_ok=True)
        (root / "etl/load" / name).write_text("x")
    (root / "etl/load/.venv").symlink_to("/nowhere")
    repository = Repository.discover(root)
    assert repository is not None

    left = repository.left_out("etl/load", root / "etl/load")
    found = [name for name in left if ".git/" not in name]

    assert found == ["data.csv", "sub/b.csv", "vendored/a.py"]
