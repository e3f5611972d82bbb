import os
from pathlib import Path

import pytest

from engine.tree.inbox import matching


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in (
        "top.csv", "inbox/a.csv", "inbox/b.CSV", "inbox/c.txt", "inbox/.part.csv",
        "inbox/deep/d.csv", "inbox/deep/er/e.csv",
    ):  # fmt: skip
        file = tmp_path / "script" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    return tmp_path / "script"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("inbox/*.csv", ["inbox/a.csv"]),
        ("./inbox/a.csv", ["inbox/a.csv"]),
        ("*.csv", ["top.csv"]),
        ("inbox/?.*", ["inbox/a.csv", "inbox/b.CSV", "inbox/c.txt"]),
        ("inbox/*/*.csv", ["inbox/deep/d.csv"]),
        ("**/*.csv", ["inbox/a.csv", "inbox/deep/d.csv", "inbox/deep/er/e.csv", "top.csv"]),
        ("inbox/deep/**", ["inbox/deep/d.csv", "inbox/deep/er/e.csv"]),
        ("inbox/.*", ["inbox/.part.csv"]),
        ("inbox", []),
        ("nothing/*", []),
        ("", []),
    ],
)
def test_patterns_match_as_in_the_shell(directory: Path, pattern: str, expected: list[str]) -> None:
    found = [path.relative_to(directory).as_posix() for path in matching(directory, pattern)]

    assert found == expected


@pytest.mark.parametrize("pattern", ["../*", "inbox/../../*", "/etc/*", "inbox/.."])
def test_no_pattern_leaves_the_directory(directory: Path, pattern: str) -> None:
    (directory.parent / "outside.csv").write_text("x")

    assert matching(directory, pattern) == {}


def test_links_and_fifos_do_not_match(directory: Path) -> None:
    (directory / "inbox" / "link.csv").symlink_to("/etc/passwd")
    (directory / "linked").symlink_to("/etc")
    os.mkfifo(directory / "inbox" / "fifo.csv")
    found = {*matching(directory, "inbox/*.csv"), *matching(directory, "linked/*")}

    assert found == {directory / "inbox" / "a.csv"}


def test_a_stamp_is_time_size_and_inode(directory: Path) -> None:
    file = directory / "top.csv"
    status = file.stat()

    assert matching(directory, "top.csv") == {
        file: (status.st_mtime_ns, status.st_size, status.st_ino)
    }


def test_undecodable_names_match_like_any_other(directory: Path) -> None:
    (directory / "inbox" / "caf\udce9.dat").write_text("x")

    assert len(matching(directory, "inbox/*.dat")) == 1
