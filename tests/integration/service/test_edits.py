"""Edits of a real tree, and what is left when its disk or its repository fails in the middle."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.config import load_settings
from engine.errors import (
    BrokenRepository,
    ChangedMeanwhile,
    EngineError,
    FileTooLarge,
    InvalidManifest,
    NoSpace,
    NotFound,
    NotRestorable,
    Unavailable,
)
from engine.history.record import Message
from engine.history.repository import Repository
from engine.model.file import ALWAYS, Precondition, etag_of
from engine.model.identity import ScriptId
from engine.service import compose
from engine.service.clock import SystemClock
from engine.service.compose import Composition
from engine.service.workbench import tidy_tree
from engine.tree.staging import put_aside
from tests.fakes.reconciled import on_a_loop

SCRIPT = ScriptId("etl/load")
OLD, NEW = b"print('old')\n", b"print('new')\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "scripts"
    (root / SCRIPT).mkdir(parents=True)
    (root / SCRIPT / "load.py").write_bytes(OLD)
    return root


@asynccontextmanager
async def editing(root: Path, *, git: bool = True) -> AsyncIterator[Composition]:
    """Give the parts of a server that has looked at the tree and builds no environments."""
    paths = {"paths.scripts": str(root), "paths.data": str(root.parent / "data")}
    settings = load_settings(overrides=paths, environ={})
    clock = SystemClock()
    if git:
        Repository.init_if_missing(root, clock.now())
    parts = compose.compose(settings, clock.now())
    parts._load()
    parts.builds.ask = lambda *_: None
    try:
        # The files were written only just now, and are whole.
        await parts.loop.look(meant=(SCRIPT,))
        yield parts
    finally:
        parts.endings.dispatcher.stop_timer()
        await parts.tasks.cancel()
        await parts.environments.close()
        parts.stores.close()


async def write(parts: Composition, content: bytes, match: bytes | None = None) -> str | None:
    condition = ALWAYS if match is None else Precondition(match=(etag_of(match),))
    done = await parts.edits.files.write_file(SCRIPT, "load.py", content, condition, "ada")
    return done.result.commit


@on_a_loop
async def test_of_two_edits_of_one_version_at_once_one_is_made(root: Path):
    async with editing(root) as parts:
        done = await asyncio.gather(
            *(write(parts, b"#%d" % number, match=OLD) for number in range(5)),
            return_exceptions=True,
        )

    refused = [one for one in done if isinstance(one, ChangedMeanwhile)]
    made = [number for number, one in enumerate(done) if isinstance(one, str)]
    assert (len(refused), len(made)) == (4, 1)
    assert (root / SCRIPT / "load.py").read_bytes() == b"#%d" % made[0]


@on_a_loop
async def test_a_full_disk_leaves_the_file_as_it_was(root: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with editing(root) as parts:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(NoSpace, match="make room"):
            await write(parts, NEW)

    assert (root / SCRIPT / "load.py").read_bytes() == OLD


@on_a_loop
async def test_an_edit_is_made_though_git_takes_no_commit(root: Path):
    async with editing(root) as parts:
        (root / ".git/index.lock").touch()

        commit = await write(parts, NEW)

    assert (commit, (root / SCRIPT / "load.py").read_bytes()) == (None, NEW)


@on_a_loop
async def test_a_tree_without_git_is_edited_and_nothing_of_it_is_removed(root: Path):
    async with editing(root, git=False) as parts:
        assert await write(parts, NEW) is None
        with pytest.raises(Unavailable, match="not under git"):
            await parts.edits.scripts.remove(SCRIPT, discard=True, by="ada")

    assert (root / SCRIPT / "load.py").read_bytes() == NEW


@on_a_loop
async def test_a_script_is_back_when_its_removal_cannot_be_committed(root: Path):
    async with editing(root) as parts:
        (root / ".git/index.lock").touch()
        with pytest.raises(Unavailable, match="takes no commit"):
            await parts.edits.scripts.remove(SCRIPT, discard=False, by="ada")

        assert SCRIPT in parts.state.scripts
    assert (root / SCRIPT / "load.py").read_bytes() == OLD
    assert list((root / ".pysched-tmp").iterdir()) == []


@on_a_loop
async def test_a_script_with_a_file_that_cannot_be_read_is_not_removed(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    works = os.open

    def fails(path: Any, *rest: Any, **more: Any) -> int:
        if str(path).endswith("/load.py"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return works(path, *rest, **more)

    async with editing(root) as parts:
        monkeypatch.setattr(os, "open", fails)
        with pytest.raises(BrokenRepository, match=r"load\.py"):
            await parts.edits.scripts.remove(SCRIPT, discard=True, by="ada")
        monkeypatch.undo()

    assert (root / SCRIPT / "load.py").read_bytes() == OLD


def while_kept(write: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a script go on writing in its directory right after each commit of it."""
    record = Repository.record

    def recorded(self: Repository, places: Mapping[str, Path], message: Message) -> str | None:
        done = record(self, places, message)
        if (aside := places[SCRIPT]).is_dir():
            write(aside)
        return done

    monkeypatch.setattr(Repository, "record", recorded)


@pytest.mark.parametrize("name", ["late.csv", "late.log"])
@on_a_loop
async def test_what_a_script_writes_during_its_removal_keeps_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    (root / ".gitignore").write_text("*.csv\n")

    def more(aside: Path) -> None:
        with (aside / name).open("a") as file:
            file.write("more\n")

    async with editing(root) as parts:
        (root / SCRIPT / "new.py").touch()
        while_kept(more, monkeypatch)
        with pytest.raises(NotRestorable, match="etl/load"):
            await parts.edits.scripts.remove(SCRIPT, discard=False, by="ada")
        assert (root / SCRIPT / name).read_text().startswith("more\n")

        await parts.edits.scripts.remove(SCRIPT, discard=True, by="ada")

    assert not (root / SCRIPT).exists()


@on_a_loop
async def test_the_last_words_of_a_script_can_be_brought_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    async with editing(root) as parts:
        (root / SCRIPT / "new.py").touch()
        while_kept(lambda aside: (aside / "last.txt").write_text("bye"), monkeypatch)
        await parts.edits.scripts.remove(SCRIPT, discard=False, by="ada")
        assert parts.repository is not None
        parts.repository.export("HEAD~1", SCRIPT, root.parent / "back")

    assert (root.parent / "back/last.txt").read_text() == "bye"


@on_a_loop
async def test_an_edit_tells_the_version_that_it_wrote(root: Path, monkeypatch: pytest.MonkeyPatch):
    async with editing(root) as parts:

        async def look(_: object) -> None:
            (root / SCRIPT / "load.py").unlink()

        monkeypatch.setattr(parts.edits.files._bench, "look", look)
        done = await parts.edits.files.write_file(SCRIPT, "load.py", NEW, ALWAYS, "ada")

    assert (done.info.etag, done.info.size) == (etag_of(NEW), len(NEW))


@on_a_loop
async def test_a_disk_that_takes_no_writing_keeps_no_server_from_starting(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fails(*_: object) -> None:
        raise BrokenRepository("No space left on device")

    monkeypatch.setattr(Repository, "exclude", fails)
    async with editing(root) as parts:
        assert await write(parts, NEW)

    assert "git is not told what to ignore" in caplog.messages


@on_a_loop
async def test_a_script_whose_files_are_gone_already_can_be_removed(root: Path):
    async with editing(root) as parts:
        (root / SCRIPT / "load.py").unlink()
        (root / SCRIPT).rmdir()

        await parts.edits.scripts.remove(SCRIPT, discard=False, by="ada")

        assert SCRIPT not in parts.state.scripts


def test_a_removal_that_was_cut_off_is_undone_by_the_next_start(root: Path):
    put_aside(root, SCRIPT)

    tidy_tree(root)

    assert (root / SCRIPT / "load.py").read_bytes() == OLD


@on_a_loop
async def test_a_mistake_of_another_file_does_not_keep_a_manifest_from_being_changed(root: Path):
    (root / SCRIPT / "requirements.txt").write_text("--index-url nowhere\n")
    async with editing(root) as parts:
        done = await parts.edits.scripts.change(SCRIPT, {"enabled": False}, ALWAYS, "ada")

    assert [problem.path for problem in done.problems] == ["etl/load/requirements.txt"]
    assert (root / SCRIPT / "script.yaml").read_text().endswith("\nenabled: false\n")


@on_a_loop
async def test_what_the_folders_above_say_counts_for_a_manifest(root: Path):
    (root / "etl/folder.yaml").write_text("overlap: skip\n")
    async with editing(root) as parts:
        with pytest.raises(InvalidManifest, match=r"script.yaml:\d+:\d+"):
            await parts.edits.scripts.change(SCRIPT, {"max_parallel": 2}, ALWAYS, "ada")

    assert not (root / SCRIPT / "script.yaml").exists()


@on_a_loop
async def test_a_circle_of_scripts_is_refused(root: Path):
    (root / "web").mkdir()
    (root / "web/main.py").touch()
    (root / "web/script.yaml").write_text("triggers:\n  - after: etl/load\n")
    changes = {"triggers": [{"after": "web"}]}
    async with editing(root) as parts:
        with pytest.raises(InvalidManifest, match="cycle"):
            await parts.edits.scripts.change(SCRIPT, changes, ALWAYS, "ada")


@pytest.mark.parametrize(
    ("path", "failure"),
    [("none.py", NotFound), ("large.bin", FileTooLarge), ("link.py", EngineError)],
)
@on_a_loop
async def test_what_cannot_be_read_is_told(root: Path, path: str, failure: type[EngineError]):
    (root / SCRIPT / "link.py").symlink_to("load.py")
    with (root / SCRIPT / "large.bin").open("wb") as file:
        file.truncate(5_000_001)
    async with editing(root) as parts:
        with pytest.raises(failure, match=path):
            await parts.edits.files.file(SCRIPT, path)


@on_a_loop
async def test_a_file_over_the_bound_may_be_replaced(root: Path):
    with (root / SCRIPT / "load.py").open("wb") as file:
        file.truncate(5_000_001)
    async with editing(root) as parts:
        await write(parts, NEW)

    assert (root / SCRIPT / "load.py").read_bytes() == NEW
