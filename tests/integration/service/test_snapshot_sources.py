"""Checkouts for `source: snapshot`, made when several runs want the same one at once."""

import asyncio
from pathlib import Path
from threading import Barrier
from typing import cast

from engine.history.repository import Repository
from engine.model.identity import ScriptId
from engine.service.workplace import TreeSources
from tests.fakes.reconciled import on_a_loop

SCRIPT = ScriptId("etl/load")


class MeetingRepository:
    """Writes a checkout, into a new directory as the real one does, at the same time as another."""

    def __init__(self) -> None:
        self._both = Barrier(2, timeout=1)

    def export(self, revision: str, prefix: str, destination: Path) -> None:
        self._both.wait()
        destination.mkdir()
        self._both.wait()
        (destination / "load.py").write_text(f"{revision} {prefix}")


@on_a_loop
async def test_runs_that_want_a_revision_at_the_same_time_share_its_checkout(tmp_path: Path):
    repository = cast("Repository", MeetingRepository())
    sources = TreeSources(tmp_path / "tree", lambda: repository, tmp_path / "checkouts")

    found = await asyncio.gather(*(sources.snapshot(SCRIPT, "c1") for _ in range(2)))

    expected = tmp_path / "checkouts" / "c1" / SCRIPT
    assert found == [expected, expected]
    assert [path.name for path in expected.parent.iterdir()] == ["load"]
    assert (expected / "load.py").read_text() == "c1 etl/load"
