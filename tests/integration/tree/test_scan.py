import os
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.errors import UnsafeTree
from engine.model.identity import ScriptId
from engine.model.tree import Severity
from engine.tree import contents
from engine.tree import script as looking
from engine.tree.scan import TreeScanner
from tests.fakes.clock import FakeClock
from tests.fakes.definer import FakeDefiner
from tests.fakes.disk import Disk

A = ScriptId("a")


class LaterClock(FakeClock):
    """A clock a minute ahead of the disk's, so that every change counts as long past."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=1)


class JustNow(FakeClock):
    """A clock that shows the moment of the last change below a directory, or a while later."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root
        self.later = timedelta()

    def now(self) -> datetime:
        changed = max(path.lstat().st_ctime for path in (self._root, *self._root.rglob("*")))
        return datetime.fromtimestamp(changed, UTC) + self.later


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "scripts")


@pytest.fixture
def definer() -> FakeDefiner:
    return FakeDefiner()


@pytest.fixture
def scanner(disk: Disk, definer: FakeDefiner) -> TreeScanner:
    return TreeScanner(disk.root, definer, LaterClock())


def test_scripts_are_found_at_any_depth(disk: Disk, scanner: TreeScanner) -> None:
    disk.script("b/c/d")
    disk.script("a")

    assert list(scanner.scan().entries) == ["a", "b/c/d"]


def test_folders_are_named_even_when_they_are_empty(disk: Disk, scanner: TreeScanner) -> None:
    disk.script("b/c/d")
    (disk.root / "empty").mkdir()

    assert scanner.scan().folders == ("b", "b/c", "empty")


def test_directories_below_a_script_are_never_scripts(disk: Disk, scanner: TreeScanner) -> None:
    disk.script("a")
    disk.script("a/inner")

    assert list(scanner.scan().entries) == ["a"]


@pytest.mark.parametrize("name", [".git", "_off", "node_modules", "__pycache__", "venv"])
def test_ignored_directories_are_not_looked_into(
    name: str, disk: Disk, scanner: TreeScanner
) -> None:
    disk.script(f"{name}/x")

    assert scanner.scan().entries == {}


def test_an_unchanged_tree_is_not_read_again(
    disk: Disk, scanner: TreeScanner, definer: FakeDefiner
) -> None:
    disk.script("a")
    scanner.scan()
    definer.defined.clear()
    scanner.scan()

    assert definer.defined == []


def test_an_unchanged_tree_is_equal(disk: Disk, scanner: TreeScanner) -> None:
    disk.script("a")
    disk.script("b/c")

    assert scanner.scan() == scanner.scan()


@pytest.mark.parametrize("save", ["write", "rename_save", "vim_save"])
def test_a_saved_manifest_is_read_again_however_it_was_saved(
    save: str, disk: Disk, scanner: TreeScanner
) -> None:
    disk.script("a", manifest="a=1")
    scanner.scan()
    getattr(disk, save)("a/script.yaml", "a=2")
    script = scanner.scan().entries[A].script

    assert script is not None
    assert script.description == "a=2"


def test_a_change_of_equal_size_and_modification_time_is_seen(
    disk: Disk, scanner: TreeScanner
) -> None:
    file = disk.script("a", manifest="a=1") / "script.yaml"
    before = file.stat()
    scanner.scan()
    file.write_text("a=2")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    script = scanner.scan().entries[A].script

    assert script is not None
    assert script.description == "a=2"


def test_a_change_in_a_nested_module_changes_the_digest(disk: Disk, scanner: TreeScanner) -> None:
    disk.script("a")
    disk.write("a/lib/_helper.py", "x = 1")
    before = scanner.scan().entries[A].digest
    disk.write("a/lib/_helper.py", "x = 2")

    assert scanner.scan().entries[A].digest != before


def test_an_editors_swap_file_changes_nothing(disk: Disk, scanner: TreeScanner) -> None:
    disk.script("a")
    before = scanner.scan()
    disk.write("a/.main.py.swp", "b0VIM")
    disk.write("a/__pycache__/main.cpython-311.pyc", "")

    assert scanner.scan() == before


def test_equal_files_have_equal_digests_in_another_tree(disk: Disk, tmp_path: Path) -> None:
    disk.script("a")
    other = Disk(tmp_path / "other")
    other.script("a")
    scanners = [TreeScanner(d.root, FakeDefiner(), LaterClock()) for d in (disk, other)]

    assert len({scanner.scan().entries[A].digest for scanner in scanners}) == 1


def test_a_script_read_within_a_clock_tick_of_its_change_is_read_again(disk: Disk) -> None:
    definer = FakeDefiner()
    scanner = TreeScanner(disk.root, definer, JustNow(disk.root))
    disk.script("a")
    scanner.scan()
    scanner.scan()

    assert definer.defined == ["a", "a"]


def test_a_script_that_was_just_written_is_unsettled(disk: Disk) -> None:
    scanner = TreeScanner(disk.root, FakeDefiner(), JustNow(disk.root))
    disk.script("a", manifest="")
    scanner.scan()

    assert scanner.unsettled == {"a"}


@pytest.mark.parametrize(("manifest", "waits"), [("", True), ("enabled: true\n", False)])
def test_an_empty_manifest_is_unsettled_at_the_next_look_too(
    disk: Disk, manifest: str, waits: bool
) -> None:
    clock = JustNow(disk.root)
    scanner = TreeScanner(disk.root, FakeDefiner(), clock)
    disk.script("a", manifest=manifest)
    scanner.scan()
    clock.later += timedelta(milliseconds=300)
    scanner.scan()
    half = scanner.unsettled
    clock.later += timedelta(milliseconds=300)
    scanner.scan()

    assert half == ({"a"} if waits else frozenset())
    assert scanner.unsettled == frozenset()


@pytest.mark.parametrize("step", ["survey", "open_regular"])
def test_a_manifest_emptied_while_it_is_looked_at_is_unsettled(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    ahead = FakeClock()
    # What lies there is 0.6 s old to this clock, and what is written now is not.
    monkeypatch.setattr(ahead, "now", lambda: datetime.now(UTC) + timedelta(seconds=0.4))
    path = disk.script("a", manifest="triggers: [startup]\n") / "script.yaml"
    time.sleep(0.2)
    module = looking if step == "survey" else contents
    real = getattr(module, step)

    def and_empty(*arguments: object) -> object:
        result = real(*arguments)
        path.write_bytes(b"")
        return result

    monkeypatch.setattr(module, step, and_empty)
    scanner = TreeScanner(disk.root, FakeDefiner(), ahead)
    scanner.scan()

    assert scanner.unsettled == {"a"}


def test_a_script_written_long_ago_is_settled(disk: Disk, scanner: TreeScanner) -> None:
    disk.script("a")
    scanner.scan()

    assert scanner.unsettled == frozenset()


def test_a_script_removed_just_now_is_unsettled(disk: Disk) -> None:
    scanner = TreeScanner(disk.root, FakeDefiner(), JustNow(disk.root))
    disk.script("a")
    scanner.scan()
    disk.remove("a")
    scanner.scan()

    assert scanner.unsettled == {"a"}


def test_a_broken_manifest_concerns_its_own_script_alone(disk: Disk, scanner: TreeScanner) -> None:
    disk.script("a", manifest="!")
    disk.script("b")
    entries = scanner.scan().entries

    assert [script for script, entry in entries.items() if entry.script is None] == ["a"]


def test_folder_defaults_reach_all_scripts_below_outermost_first(
    disk: Disk, scanner: TreeScanner
) -> None:
    disk.write("folder.yaml", "root")
    disk.write("b/folder.yaml", "inner")
    disk.script("b/c")
    script = scanner.scan().entries[ScriptId("b/c")].script

    assert script is not None
    assert script.args == ("root", "inner")


def test_a_changed_folder_file_defines_all_scripts_below_anew(
    disk: Disk, scanner: TreeScanner, definer: FakeDefiner
) -> None:
    disk.write("b/folder.yaml", "1")
    for script in ("a", "b/c", "b/d/e"):
        disk.script(script)
    scanner.scan()
    definer.defined.clear()
    disk.write("b/folder.yaml", "2")
    scanner.scan()

    assert definer.defined == ["b/c", "b/d/e"]


def test_a_bad_folder_file_is_a_problem_of_the_tree(disk: Disk, scanner: TreeScanner) -> None:
    disk.write("b/folder.yaml", "!")

    assert [problem.path for problem in scanner.scan().problems] == ["b/folder.yaml"]


def test_a_new_fingerprint_reads_everything_again(disk: Disk, definer: FakeDefiner) -> None:
    disk.script("a")
    old = TreeScanner(disk.root, FakeDefiner("1"), LaterClock()).scan().entries[A]
    new = TreeScanner(disk.root, FakeDefiner("2"), LaterClock()).scan().entries[A]

    assert old.signature != new.signature


@pytest.mark.parametrize("name", ["two words", "café", "new\nline", "a:b"])
def test_names_that_are_not_portable_are_reported_and_not_run(
    name: str, disk: Disk, scanner: TreeScanner
) -> None:
    disk.script(name)
    tree = scanner.scan()

    assert (tree.entries, len(tree.problems)) == ({}, 1)


def test_a_name_that_is_not_utf8_is_reported_in_printable_form(
    disk: Disk, scanner: TreeScanner
) -> None:
    (disk.root / "caf\udce9").mkdir()

    assert scanner.scan().problems[0].path == "caf\\xe9"


def test_an_undecodable_file_name_in_a_script_does_no_harm(
    disk: Disk, scanner: TreeScanner
) -> None:
    disk.script("a")
    disk.write("a/caf\udce9.txt", "x")

    assert scanner.scan().entries[A].script is not None


def test_a_reserved_name_is_reported_and_not_run(disk: Disk, scanner: TreeScanner) -> None:
    disk.script("etl/history")
    entry = scanner.scan().entries[ScriptId("etl/history")]

    assert (entry.script, entry.problems[0].code) == (None, "reserved_name")


def test_names_that_differ_by_case_alone_are_warned_of(disk: Disk, scanner: TreeScanner) -> None:
    disk.script("etl")
    disk.script("ETL")

    assert [problem.code for problem in scanner.scan().problems] == ["case_collision"]


def test_names_that_differ_by_case_alone_both_run(disk: Disk, scanner: TreeScanner) -> None:
    disk.script("etl")
    disk.script("ETL")

    assert list(scanner.scan().entries) == ["ETL", "etl"]


def test_a_link_that_leaves_the_tree_is_reported(disk: Disk, scanner: TreeScanner) -> None:
    disk.script("../elsewhere/x")
    (disk.root / "out").symlink_to(disk.root.parent / "elsewhere")
    tree = scanner.scan()

    assert ([p.code for p in tree.problems], tree.entries) == (["link_outside"], {})


def test_a_link_to_a_folder_of_the_tree_is_not_a_second_script(
    disk: Disk, scanner: TreeScanner
) -> None:
    disk.script("a")
    (disk.root / "alias").symlink_to("a")

    assert list(scanner.scan().entries) == ["a"]


def test_links_in_a_circle_end(disk: Disk, scanner: TreeScanner) -> None:
    disk.script("b/a")
    (disk.root / "b" / "loop").symlink_to("..")
    (disk.root / "b" / "a" / "loop").symlink_to("../..")
    (disk.root / "b" / "self").symlink_to("self")

    assert list(scanner.scan().entries) == ["b/a"]


def test_the_link_to_the_environment_is_not_mentioned(disk: Disk, scanner: TreeScanner) -> None:
    directory = disk.script("a")
    (directory / ".venv").symlink_to("/")

    assert scanner.scan().entries[A].problems == ()


def test_a_manifest_that_is_a_link_out_of_the_tree_is_an_error_and_not_read(
    disk: Disk, scanner: TreeScanner
) -> None:
    (disk.root.parent / "secret").write_text("secret=1")
    directory = disk.script("a")
    (directory / "script.yaml").unlink()
    (directory / "script.yaml").symlink_to("../../secret")
    entry = scanner.scan().entries[A]

    assert (entry.script, [p.code for p in entry.problems]) == (None, ["link_outside"])


def test_a_data_link_out_of_the_tree_is_a_warning(disk: Disk, scanner: TreeScanner) -> None:
    directory = disk.script("a")
    (directory / "data").symlink_to("/")
    entry = scanner.scan().entries[A]

    assert (entry.script is not None, entry.problems[0].severity) == (True, Severity.WARNING)


def test_a_link_to_a_file_in_the_tree_stands_for_the_file(disk: Disk, scanner: TreeScanner) -> None:
    shared = disk.write("shared/common.txt", "pandas")
    directory = disk.script("a")
    (directory / "requirements.txt").symlink_to("../shared/common.txt")
    scanner.scan()
    shared.write_text("polars")
    script = scanner.scan().entries[A].script

    assert script is not None
    assert script.environment.requirements == "polars"


def test_scripts_with_links_are_named_because_no_event_tells_of_the_targets(
    disk: Disk, scanner: TreeScanner
) -> None:
    disk.script("b")
    (disk.script("a") / "data").symlink_to("../b/main.py")
    scanner.scan()

    assert scanner.linked == {"a"}


def test_a_script_without_its_link_is_named_no_more(disk: Disk, scanner: TreeScanner) -> None:
    link = disk.script("a") / "data"
    link.symlink_to("main.py")
    scanner.scan()
    link.unlink()
    scanner.scan([A])

    assert scanner.linked == set()


def test_a_link_whose_target_comes_is_looked_at_again(disk: Disk, scanner: TreeScanner) -> None:
    directory = disk.script("a")
    (directory / "lib").symlink_to("../shared")
    before = scanner.scan().entries[A].problems
    (disk.root / "shared").mkdir()

    assert ([p.code for p in before], scanner.scan().entries[A].problems) == (
        ["link_dangling"],
        (),
    )


@pytest.mark.parametrize("only", [None, [A]], ids=["everything", "that script"])
def test_a_script_replaced_by_a_link_out_of_the_tree_is_gone(
    disk: Disk, scanner: TreeScanner, only: list[ScriptId] | None
) -> None:
    disk.script("a")
    scanner.scan()
    disk.move("a", "../elsewhere")
    (disk.root / "a").symlink_to("../elsewhere")
    tree = scanner.scan(only)

    assert (tree.entries, [p.code for p in tree.problems]) == ({}, ["link_outside"])


def test_a_file_that_is_being_replaced_while_it_is_read_is_read_again(
    disk: Disk, scanner: TreeScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.script("a", manifest="a=1")
    real, missed = contents.open_regular, list[str]()

    def open_regular(path: str) -> tuple[int, os.stat_result]:
        if path.endswith("script.yaml") and not missed:
            missed.append(path)
            raise FileNotFoundError(path)
        return real(path)

    monkeypatch.setattr(contents, "open_regular", open_regular)
    script = scanner.scan().entries[A].script

    assert script is not None
    assert script.description == "a=1"


@pytest.mark.timeout(5)
def test_a_fifo_in_the_place_of_a_manifest_does_not_hang_the_scan(
    disk: Disk, scanner: TreeScanner
) -> None:
    directory = disk.script("a")
    (directory / "script.yaml").unlink()
    os.mkfifo(directory / "script.yaml")
    entry = scanner.scan().entries[A]

    assert (entry.script, [p.code for p in entry.problems]) == (None, ["not_a_file"])


@pytest.mark.parametrize("name", ["script.yaml", "requirements.txt"])
def test_a_directory_in_the_place_of_a_file_is_told(
    disk: Disk, scanner: TreeScanner, name: str
) -> None:
    directory = disk.script("a")
    (directory / name).unlink(missing_ok=True)
    (directory / name).mkdir()
    entry = scanner.scan().entries[A]

    assert [(p.path, p.code) for p in entry.problems] == [(f"a/{name}", "not_a_file")]


@pytest.mark.timeout(5)
def test_a_fifo_as_a_folder_file_does_not_hang_the_scan(disk: Disk, scanner: TreeScanner) -> None:
    disk.script("b/c")
    os.mkfifo(disk.root / "b" / "folder.yaml")

    assert [p.code for p in scanner.scan().problems] == ["unreadable"]


def test_a_socket_beside_a_script_does_no_harm(
    disk: Disk, scanner: TreeScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(disk.script("a"))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("control.sock")

        assert scanner.scan().entries[A].problems == ()


def test_a_large_data_file_is_judged_by_size_and_time(disk: Disk, scanner: TreeScanner) -> None:
    directory = disk.script("a")
    with (directory / "data.bin").open("wb") as file:
        file.truncate(1 << 40)

    assert scanner.scan().entries[A].script is not None


def test_a_missing_root_is_unsafe(disk: Disk, scanner: TreeScanner) -> None:
    disk.root.rmdir()

    with pytest.raises(UnsafeTree, match="not there"):
        scanner.scan()


def test_a_root_that_vanished_keeps_what_was_known(disk: Disk, scanner: TreeScanner) -> None:
    disk.script("a")
    before = scanner.scan()
    disk.move(".", "../aside")
    with pytest.raises(UnsafeTree):
        scanner.scan()
    disk.move("../aside", "../scripts")

    assert scanner.scan() == before


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Give up root's right to read everything, for as long as a test runs."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.fixture
def open_disk(disk: Disk) -> Disk:
    """A tree that the account `nobody` can reach."""
    for directory in (disk.root, *disk.root.parents):
        if directory.stat().st_uid == os.geteuid() and directory.is_relative_to("/tmp"):
            directory.chmod(0o755)
    return disk


def test_an_unreadable_file_is_a_problem_of_its_script_alone(
    open_disk: Disk, scanner: TreeScanner, request: pytest.FixtureRequest
) -> None:
    open_disk.script("b")
    (open_disk.script("a") / "script.yaml").chmod(0)
    request.getfixturevalue("as_nobody")
    entries = scanner.scan().entries

    assert [(e.id, p.code) for e in entries.values() for p in e.problems] == [("a", "unreadable")]


def test_scripts_in_a_folder_that_became_unreadable_are_not_gone(
    open_disk: Disk, scanner: TreeScanner, request: pytest.FixtureRequest
) -> None:
    open_disk.script("b/c")
    scanner.scan()
    (open_disk.root / "b").chmod(0)
    request.getfixturevalue("as_nobody")
    entry = scanner.scan().entries[ScriptId("b/c")]

    assert (entry.script, [p.code for p in entry.problems]) == (None, ["unreadable"])


def test_an_unreadable_root_is_unsafe(
    open_disk: Disk, scanner: TreeScanner, request: pytest.FixtureRequest
) -> None:
    open_disk.script("a")
    open_disk.root.chmod(0)
    request.getfixturevalue("as_nobody")

    with pytest.raises(UnsafeTree, match="cannot be read"):
        scanner.scan()
