"""A scan that starts from what an earlier process knew, and one that reads real manifests."""

import errno
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.model.identity import ScriptId
from engine.model.script import Script
from engine.model.tree import Entry
from engine.ports import InForce
from engine.reconcile.preview import problems_of
from engine.spec import definition
from engine.spec.files import ScriptFiles
from engine.tree.definer import SpecDefiner
from engine.tree.scan import TreeScanner
from engine.tree.survey import MOST_FILES
from schemas.settings import Settings
from tests.fakes.definer import FakeDefiner
from tests.fakes.disk import Disk, WallClock

A = ScriptId("a")


class LaterClock(WallClock):
    """A clock a minute ahead of the disk's, so that every change counts as long past."""

    def now(self) -> datetime:
        return super().now() + timedelta(minutes=1)


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "scripts")


def in_force(entry: Entry, **changed: object) -> InForce:
    known = {
        "id": entry.id,
        "signature": entry.signature,
        "digest": entry.digest,
        "script": entry.script,
        "problems": entry.problems,
    }
    return InForce(**{**known, **changed})  # pyright: ignore[reportArgumentType]


def test_a_known_script_that_is_unchanged_is_not_read(disk: Disk) -> None:
    disk.script("a")
    entry = TreeScanner(disk.root, FakeDefiner(), WallClock()).scan().entries[A]
    definer = FakeDefiner()
    scanner = TreeScanner(disk.root, definer, WallClock())
    scanner.prime([in_force(entry)])

    assert (scanner.scan().entries[A], definer.defined) == (entry, [])


def test_a_known_script_that_changed_meanwhile_is_read(disk: Disk) -> None:
    disk.script("a", manifest="a=1")
    entry = TreeScanner(disk.root, FakeDefiner(), WallClock()).scan().entries[A]
    disk.write("a/script.yaml", "a=22")
    scanner = TreeScanner(disk.root, FakeDefiner(), WallClock())
    scanner.prime([in_force(entry)])
    script = scanner.scan().entries[A].script

    assert script is not None
    assert script.description == "a=22"


def test_a_known_script_is_read_when_the_program_or_its_defaults_changed(disk: Disk) -> None:
    disk.script("a")
    entry = TreeScanner(disk.root, FakeDefiner("1"), WallClock()).scan().entries[A]
    definer = FakeDefiner("2")
    scanner = TreeScanner(disk.root, definer, WallClock())
    scanner.prime([in_force(entry)])
    scanner.scan()

    assert definer.defined == ["a"]


def test_a_known_script_with_errors_keeps_no_definition_of_its_files(disk: Disk) -> None:
    disk.script("a", manifest="!")
    entry = TreeScanner(disk.root, FakeDefiner(), WallClock()).scan().entries[A]
    disk.write("b/main.py", "")
    last_good = TreeScanner(disk.root, FakeDefiner(), WallClock()).scan().entries[ScriptId("b")]
    scanner = TreeScanner(disk.root, FakeDefiner(), WallClock())
    scanner.prime([in_force(entry, script=last_good.script)])

    assert scanner.scan().entries[A].script is None


def test_a_known_script_that_is_gone_is_gone(disk: Disk) -> None:
    disk.script("b")
    scanner = TreeScanner(disk.root, FakeDefiner(), WallClock())
    scanner.prime([InForce(id=A, signature="x", digest="x", script=None)])

    assert list(scanner.scan().entries) == ["b"]


def real_scanner(disk: Disk, settings: Settings | None = None) -> TreeScanner:
    def every_cron_is_fine(expression: str, timezone: str) -> None:
        return None

    definer = SpecDefiner(settings or Settings(), every_cron_is_fine, "1.0")
    return TreeScanner(disk.root, definer, WallClock())


def test_a_real_manifest_becomes_a_script(disk: Disk) -> None:
    disk.script("a", manifest="name: Weather\ntriggers:\n  - every: 10m\n")
    script = real_scanner(disk).scan().entries[A].script

    assert script is not None
    assert (script.name, script.main, len(script.triggers)) == ("Weather", "main.py", 1)


def test_a_real_mistake_is_told_with_its_place(disk: Disk) -> None:
    disk.script("a", manifest="name: x\nenabeld: true\n")
    (problem,) = real_scanner(disk).scan().entries[A].problems

    assert str(problem).startswith("a/script.yaml:2:1: error: unknown key 'enabeld'")


def test_a_manifest_over_its_bound_is_an_error_and_read_no_further(disk: Disk) -> None:
    disk.script("a", manifest="# " + "x" * 70_000)
    entry = real_scanner(disk).scan().entries[A]

    assert (entry.script, len(entry.problems)) == (None, 1)


def test_real_folder_defaults_are_inherited(disk: Disk) -> None:
    disk.write("etl/folder.yaml", "group: warehouse\n")
    disk.script("etl/load", manifest="")
    script = real_scanner(disk).scan().entries[ScriptId("etl/load")].script

    assert script is not None
    assert script.group == "warehouse"


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/etc")])
def test_a_folder_file_that_cannot_be_read_is_an_error_of_the_scripts_below(
    disk: Disk, make: Callable[[Path], None]
) -> None:
    disk.script("etl/load", manifest="")
    disk.script("a", manifest="")
    make(disk.root / "etl/folder.yaml")
    tree = real_scanner(disk).scan()
    below = tree.entries[ScriptId("etl/load")]

    assert (below.script, [str(p)[:15] for p in below.problems]) == (None, ["etl/folder.yaml"])
    assert tree.entries[A].script is not None


def test_a_problem_of_a_folder_is_told_once_however_many_scripts_are_below(disk: Disk) -> None:
    disk.write("etl/folder.yaml", "grup: warehouse\n")
    for number in range(3):
        disk.script(f"etl/s{number}", manifest="")
    tree = real_scanner(disk).scan()

    assert [problem.path for problem in problems_of(tree)] == ["etl/folder.yaml"]


def test_a_mistake_of_this_program_is_an_error_of_the_one_script_that_met_it(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.script("a", manifest="")
    disk.script("b", manifest="args: [boom]\n")
    build = definition.build_script

    def build_or_fail(files: ScriptFiles, *rest: Any) -> Script:
        if files.id == "b":
            raise RuntimeError("boom")
        return build(files, *rest)

    monkeypatch.setattr(definition, "build_script", build_or_fail)
    tree = real_scanner(disk).scan()

    (problem,) = tree.entries[ScriptId("b")].problems
    assert (problem.code, "RuntimeError: boom" in problem.message) == ("internal_error", True)
    assert tree.entries[A].script is not None


def test_a_script_with_more_data_than_is_looked_at_keeps_its_definition(disk: Disk) -> None:
    directory = disk.script("a", manifest="description: mine\n")
    for number in range(MOST_FILES + 1):
        (directory / f"data-{number}.csv").touch()
    entry = real_scanner(disk).scan().entries[A]

    assert entry.script is not None
    assert (entry.script.description, [p.code for p in entry.problems]) == (
        "mine",
        ["too_many_files"],
    )


def test_a_script_that_runs_after_one_that_is_gone_loses_its_definition(disk: Disk) -> None:
    disk.script("a", manifest="triggers:\n  - after: b\n")
    disk.script("b", manifest="")
    scanner = real_scanner(disk)
    before = scanner.scan().entries[A]
    disk.remove("b")
    after = scanner.scan([ScriptId("b")]).entries[A]

    assert (before.script is not None, after.script, after.signature != before.signature) == (
        True,
        None,
        True,
    )


def test_a_script_whose_circle_was_opened_is_whole_again(disk: Disk) -> None:
    disk.script("a", manifest="triggers:\n  - after: b\n")
    disk.script("b", manifest="triggers:\n  - after: a\n")
    scanner = real_scanner(disk)
    before = scanner.scan().entries[A].script
    disk.script("b", manifest="")

    assert (before, scanner.scan([ScriptId("b")]).entries[A].script is not None) == (None, True)


def test_other_defaults_in_the_settings_define_scripts_anew(disk: Disk) -> None:
    disk.script("a", manifest="")
    other = Settings.model_validate({"defaults": {"timezone": "Europe/Berlin"}})
    signatures = {
        scanner.scan().entries[A].signature
        for scanner in (real_scanner(disk), real_scanner(disk, other))
    }

    assert len(signatures) == 2


def out_of_descriptors(*_: object) -> None:
    raise OSError(errno.EMFILE, "Too many open files")


def test_a_file_that_could_not_be_read_is_read_by_the_next_look(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.script("a")
    scanner = TreeScanner(disk.root, FakeDefiner(), LaterClock())
    with monkeypatch.context() as patched:
        patched.setattr("engine.tree.contents.open_regular", out_of_descriptors)
        unread = scanner.scan().entries[A].script

    assert (unread, scanner.scan([A]).entries[A].problems) == (None, ())


def test_a_file_that_an_earlier_process_could_not_read_is_read(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.script("a")
    with monkeypatch.context() as patched:
        patched.setattr("engine.tree.contents.open_regular", out_of_descriptors)
        unread = TreeScanner(disk.root, FakeDefiner(), LaterClock()).scan().entries[A]
    scanner = TreeScanner(disk.root, FakeDefiner(), LaterClock())
    scanner.prime([in_force(unread)])

    assert scanner.scan().entries[A].problems == ()
