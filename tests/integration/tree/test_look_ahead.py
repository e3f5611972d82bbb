"""What a second process sees of the tree is what the scan would have seen."""

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from engine.errors import UnsafeTree
from engine.model.tree import Tree
from engine.ports import InForce
from engine.tree.ahead import STALE_SECONDS, LookAhead, Scout
from engine.tree.scan import TreeScanner
from tests.fakes.clock import FakeClock
from tests.fakes.definer import FakeDefiner
from tests.fakes.disk import Disk


class LaterClock(FakeClock):
    """A clock a minute ahead of the disk's, so that every change counts as long past."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=1)


@dataclass
class Pair:
    """A scout and the scanner that follows it, on one tree."""

    disk: Disk
    file: BinaryIO
    clock: LaterClock = field(default_factory=LaterClock)
    definer: FakeDefiner = field(default_factory=FakeDefiner)
    ended: int = 0

    def scout(self, *, reads: bool, write: Callable[[bytes], object] | None = None) -> None:
        root = str(self.disk.root)
        Scout(root, FakeDefiner(), self.clock, write or self.file.write, reads=reads).walk()

    def scanner(self) -> TreeScanner:
        ahead = LookAhead(self.file.fileno(), self.clock, self._end)
        return TreeScanner(self.disk.root, self.definer, self.clock, ahead)

    def scan(self) -> Tree:
        return self.scanner().scan()

    def _end(self) -> None:
        self.ended += 1


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    disk = Disk(tmp_path.resolve() / "scripts")
    disk.script("a", requirements_txt="x==1")
    disk.write("etl/folder.yaml", "b")
    disk.script("etl/b")
    with tempfile.TemporaryFile(buffering=0) as file:
        yield Pair(disk, file)  # pyright: ignore[reportArgumentType] - a FileIO is one


def plain(pair: Pair) -> Tree:
    return TreeScanner(pair.disk.root, FakeDefiner(), pair.clock).scan()


def test_what_was_read_ahead_is_taken_over_as_it_is(pair: Pair) -> None:
    pair.scout(reads=True)

    assert (pair.scan(), pair.definer.defined) == (plain(pair), [])


def test_known_scripts_that_were_found_unchanged_keep_their_definitions(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = plain(pair)
    pair.scout(reads=False)
    scanner = pair.scanner()
    scanner.prime(
        InForce(id=e.id, signature=e.signature, digest=e.digest, script=e.script)
        for e in before.entries.values()
    )
    looked: list[str] = []

    def glance(path: str) -> None:
        looked.append(path)

    monkeypatch.setattr("engine.tree.visit.glance", glance)

    assert (scanner.scan(), looked) == (before, [])


def test_a_known_script_that_was_found_changed_is_read(pair: Pair) -> None:
    before = plain(pair)
    pair.disk.write("a/script.yaml", "a=22")
    pair.scout(reads=False)
    scanner = pair.scanner()
    scanner.prime(
        InForce(id=e.id, signature=e.signature, digest=e.digest, script=e.script)
        for e in before.entries.values()
    )

    assert (scanner.scan(), pair.definer.defined) == (plain(pair), ["a"])


def test_scripts_that_were_not_found_yet_are_looked_at_by_the_scan(pair: Pair) -> None:
    parts: list[bytes] = []
    pair.scout(reads=True, write=parts.append)
    whole = b"".join(parts)
    pair.file.write(whole[: whole.index(b"\na\t") + 10])

    assert (pair.scan(), pair.definer.defined) == (plain(pair), ["a"])


@pytest.mark.parametrize("line", [b"a", b"", b"a\tb\tc", b"a\tb\tc\t{}\tb\tc\t{}", b"\ta\tb"])
def test_a_line_that_was_written_in_part_is_passed_over(pair: Pair, line: bytes) -> None:
    pair.file.write(line + b"\n")
    pair.scout(reads=True)

    assert (pair.scan(), pair.definer.defined) == (plain(pair), [])


def test_a_look_ahead_at_a_root_that_is_gone_is_ended(pair: Pair) -> None:
    scanner = pair.scanner()
    shutil.rmtree(pair.disk.root)

    with pytest.raises(UnsafeTree):
        scanner.scan()

    assert pair.ended == 1


def test_nothing_is_taken_over_when_a_folder_changed_meanwhile(pair: Pair) -> None:
    pair.scout(reads=True)
    pair.disk.write("etl/folder.yaml", "c")

    assert (pair.scan(), pair.definer.defined) == (plain(pair), ["etl/b"])


def test_what_was_found_long_ago_is_not_taken_over(pair: Pair) -> None:
    pair.scout(reads=True)
    scanner = pair.scanner()
    pair.clock.advance(STALE_SECONDS + 1)
    scanner.scan()

    assert pair.definer.defined == ["a", "etl/b"]


def test_scripts_with_mistakes_or_links_are_left_to_the_scan(pair: Pair) -> None:
    pair.disk.script("broken", manifest="!")
    (pair.disk.script("linked") / "data.txt").symlink_to("main.py")
    pair.scout(reads=True)
    scanner = pair.scanner()

    assert (scanner.scan(), pair.definer.defined, scanner.linked) == (
        plain(pair),
        ["broken", "linked"],
        {"linked"},
    )


def test_a_script_that_is_being_written_is_left_to_the_scan(pair: Pair) -> None:
    changed = datetime.fromtimestamp((pair.disk.root / "a").lstat().st_ctime, UTC)
    pair.clock.now = lambda: changed
    pair.scout(reads=True)
    pair.scan()

    assert "a" in pair.definer.defined


def test_only_the_first_scan_takes_anything_over(pair: Pair) -> None:
    pair.scout(reads=True)
    scanner = pair.scanner()
    scanner.scan()
    pair.disk.write("a/script.yaml", "a=22")

    assert (scanner.scan(), pair.ended) == (plain(pair), 1)


def test_a_copy_of_the_process_looks_ahead_and_is_ended(pair: Pair) -> None:
    program = """
    import os, sys, time
    from pathlib import Path
    from engine.config import load_settings
    from engine.service import ahead
    os.sched_getaffinity = lambda _: {0, 1}
    settings = load_settings(
        overrides={"paths.scripts": sys.argv[1], "paths.data": sys.argv[2]}, environ={})
    found = ahead.look_ahead(settings)
    end = time.monotonic() + 20
    while time.monotonic() < end and not os.fstat(found._descriptor).st_size:
        time.sleep(0.01)
    print(os.pread(found._descriptor, 1 << 20, 0).count(b"Of a copy"))
    found.close()
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        print("no child is left")
    """
    pair.disk.write("a/script.yaml", "name: Of a copy\n")
    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(pair.disk.root), "data"],
        cwd=pair.disk.root.parent,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=True,
    )

    assert (said.stdout.splitlines(), said.stderr) == (["1", "no child is left"], "")
