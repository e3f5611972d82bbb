"""What every TreeSource promises, shown on a real disk and on the fake."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from engine.errors import UnsafeTree
from engine.model.identity import ScriptId
from engine.model.tree import Entry
from engine.ports import TreeSource
from engine.tree.scan import TreeScanner
from tests.fakes.definer import FakeDefiner
from tests.fakes.disk import Disk, WallClock
from tests.fakes.tree import FakeTree

A, B = ScriptId("etl/a"), ScriptId("b")


class World(Protocol):
    """A source, and the means to change what it reads."""

    source: TreeSource
    root: Path

    def write(self, script: ScriptId, text: str) -> None: ...
    def remove(self, script: ScriptId) -> None: ...
    def lose_root(self) -> None: ...


class RealWorld:
    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path / "scripts"
        self.disk = Disk(self.root)
        self.source: TreeSource = TreeScanner(self.root, FakeDefiner(), WallClock())

    def write(self, script: ScriptId, text: str) -> None:
        self.disk.script(script, manifest=text)

    def remove(self, script: ScriptId) -> None:
        self.disk.remove(script)

    def lose_root(self) -> None:
        self.root.rename(self.root.with_name("aside"))


class FakeWorld:
    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path
        self.fake = FakeTree(tmp_path)
        self.source: TreeSource = self.fake

    def write(self, script: ScriptId, text: str) -> None:
        self.fake.put(Entry(id=script, signature=text, digest=text, script=None))

    def remove(self, script: ScriptId) -> None:
        self.fake.remove(script)

    def lose_root(self) -> None:
        self.fake.unreadable = "the root is not there"


@pytest.fixture(params=[RealWorld, FakeWorld], ids=["disk", "fake"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    make: Callable[[Path], World] = request.param
    return make(tmp_path)


def test_a_scan_gives_all_scripts_by_id_in_order(world: World) -> None:
    world.write(A, "1")
    world.write(B, "1")

    assert list(world.source.scan().entries) == [B, A]


def test_a_scan_of_some_takes_the_rest_from_the_last_scan(world: World) -> None:
    world.write(A, "1")
    world.write(B, "1")
    before = world.source.scan()
    world.write(A, "2")
    world.write(B, "2")
    after = world.source.scan([A])

    assert [s for s in (A, B) if after.entries[s] != before.entries[s]] == [A]


def test_a_scan_of_a_new_script_finds_it(world: World) -> None:
    world.write(B, "1")
    world.source.scan()
    world.write(A, "1")

    assert list(world.source.scan([A]).entries) == [B, A]


def test_a_scan_of_a_script_that_is_gone_drops_it(world: World) -> None:
    world.write(A, "1")
    world.write(B, "1")
    world.source.scan()
    world.remove(A)

    assert list(world.source.scan([A]).entries) == [B]


def test_the_first_scan_looks_at_everything_whatever_was_asked_for(world: World) -> None:
    world.write(A, "1")
    world.write(B, "1")

    assert list(world.source.scan([A]).entries) == [B, A]


def test_the_folders_of_scripts_are_named(world: World) -> None:
    world.write(A, "1")

    assert world.source.scan().folders == ("etl",)


def test_an_unreadable_root_raises(world: World) -> None:
    world.source.scan()
    world.lose_root()

    with pytest.raises(UnsafeTree):
        world.source.scan()


def test_a_path_in_a_script_is_that_scripts(world: World) -> None:
    world.write(A, "1")
    world.write(B, "1")
    world.source.scan()

    assert world.source.affected([world.root / "etl" / "a" / "main.py"]) == {A}


def test_a_new_directory_names_the_script_in_it(world: World) -> None:
    world.write(B, "1")
    world.source.scan()
    world.write(A, "1")

    assert world.source.affected([world.root / "etl"]) == {A}


def test_a_removed_directory_names_the_scripts_that_were_in_it(world: World) -> None:
    world.write(A, "1")
    world.write(B, "1")
    world.source.scan()
    world.remove(A)

    assert world.source.affected([world.root / "etl" / "a"]) == {A}


def test_the_root_itself_means_everything(world: World) -> None:
    world.source.scan()

    assert world.source.affected([world.root]) is None
