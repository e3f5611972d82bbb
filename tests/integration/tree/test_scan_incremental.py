"""A scan of the places that changed gives what a scan of everything would give."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.tree.scan import TreeScanner
from tests.fakes.definer import FakeDefiner
from tests.fakes.disk import Disk, WallClock

NAMES = ("a", "b", "c")
PLACES = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
FILES = ("main.py", "script.yaml", "folder.yaml", "data.txt", "sub/module.py", "_x/main.py")
EDITS = st.one_of(
    st.tuples(
        st.just("write"),
        PLACES,
        st.sampled_from(FILES),
        st.sampled_from(("1", "2", "!", "after=a")),
    ),
    st.tuples(st.just("remove"), PLACES, st.sampled_from(FILES), st.just("")),
    st.tuples(st.just("remove"), PLACES, st.just("."), st.just("")),
    st.tuples(st.just("move"), PLACES, st.just("."), PLACES),
    st.tuples(st.just("link"), PLACES, st.just("."), PLACES),
)


def edit(root: Path, kind: str, place: str, file: str, more: str) -> Iterator[Path]:
    """Change the tree; give the paths a watcher would name."""
    target = root / place / file if file != "." else root / place
    if kind == "write":
        yield from make_parents(target)
        target.write_text(more)
    elif kind == "link":
        yield from make_parents(target)
        target.symlink_to(root / more)
    elif kind == "move":
        yield from make_parents(root / more)
        target.rename(root / more)
        yield root / more
    elif target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    else:
        target.unlink()
    yield target


def real(path: Path) -> Path:
    """Name a file below a link as a watcher does: by its real directory."""
    return path.parent.resolve() / path.name


def make_parents(target: Path) -> Iterator[Path]:
    for parent in reversed(target.parents):
        if not parent.exists():
            parent.mkdir()
            yield parent


@settings(max_examples=150)
@given(st.lists(st.lists(EDITS, min_size=1, max_size=4), min_size=1, max_size=5))
def test_looking_at_what_changed_gives_what_a_fresh_scan_gives(
    rounds: list[list[tuple[str, str, str, str]]],
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        scanner = TreeScanner(root, FakeDefiner(), WallClock())
        tree = scanner.scan()
        for edits in rounds:
            paths: list[Path] = []
            for kind, place, file, more in edits:
                with suppress(OSError):
                    paths.extend(real(p) for p in edit(root, kind, place, file, more))
            tree = scanner.scan(scanner.affected(paths))
        if any(kind == "link" for edits in rounds for kind, *_ in edits):
            # Nobody tells a script that what its link leads to has changed.
            tree = scanner.scan()

        assert tree == TreeScanner(root, FakeDefiner(), WallClock()).scan()


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "scripts")


def after(disk: Disk, change: Callable[[], object], *paths: str) -> list[str]:
    scanner = TreeScanner(disk.root, FakeDefiner(), WallClock())
    scanner.scan()
    change()
    return list(scanner.scan(scanner.affected([disk.root / path for path in paths])).entries)


def test_a_moved_folder_takes_its_scripts_along(disk: Disk) -> None:
    disk.script("old/x")
    disk.script("old/y")

    assert after(disk, lambda: disk.move("old", "new"), "old", "new") == ["new/x", "new/y"]


def test_a_copied_folder_brings_new_scripts(disk: Disk) -> None:
    disk.script("one/x")

    assert after(disk, lambda: disk.copy("one", "two"), "two") == ["one/x", "two/x"]


def test_a_folder_that_becomes_a_script_hides_those_below(disk: Disk) -> None:
    disk.script("one/x")

    assert after(disk, lambda: disk.write("one/main.py", ""), "one/main.py") == ["one"]


def test_a_script_that_becomes_a_folder_shows_those_below(disk: Disk) -> None:
    disk.script("one")
    disk.script("one/x")

    def change() -> None:
        disk.remove("one/main.py")
        disk.remove("one/script.yaml")

    assert after(disk, change, "one/main.py", "one/script.yaml") == ["one/x"]


def test_a_file_beside_scripts_is_no_reason_to_look_at_any(disk: Disk) -> None:
    disk.script("one/x")
    scanner = TreeScanner(disk.root, FakeDefiner(), WallClock())
    scanner.scan()
    readme = disk.write("one/README.md", "")

    assert scanner.affected([readme]) == frozenset()


def test_a_path_outside_the_tree_concerns_no_script(disk: Disk) -> None:
    disk.script("one")
    scanner = TreeScanner(disk.root, FakeDefiner(), WallClock())
    scanner.scan()

    assert scanner.affected([disk.root.parent / "one" / "main.py"]) == frozenset()


def test_before_the_first_scan_any_path_means_everything(disk: Disk) -> None:
    scanner = TreeScanner(disk.root, FakeDefiner(), WallClock())

    assert scanner.affected([disk.root / "one" / "main.py"]) is None
