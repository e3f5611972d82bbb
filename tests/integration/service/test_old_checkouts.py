"""Checkouts for `source: snapshot` go when no run needs them, and never before."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from engine.history.repository import Repository
from engine.model.identity import ScriptId
from engine.ports import Transition
from engine.service.checkouts import KEEP, collect_checkouts
from engine.service.clock import SystemClock
from engine.service.compose import open_stores
from engine.service.offline import collect
from engine.service.workplace import TreeSources
from schemas.settings import Settings
from tests.fakes.reconciled import on_a_loop
from tests.fakes.world import a_run

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def checkout(root: Path, name: str, age: timedelta = 2 * KEEP) -> Path:
    file = root / name / "etl" / "load.py"
    file.parent.mkdir(parents=True)
    file.touch()
    at = (NOW - age).timestamp()
    os.utime(root / name, (at, at))
    return file


def names(root: Path) -> list[str]:
    return sorted(each.name for each in root.iterdir())


@on_a_loop
async def test_an_old_revision_that_nobody_names_is_removed(tmp_path: Path):
    checkout(tmp_path, "c1")

    await collect_checkouts(tmp_path, set(), NOW)

    assert names(tmp_path) == []


@on_a_loop
async def test_a_revision_in_use_stays_whole(tmp_path: Path):
    used = checkout(tmp_path, "c1")
    checkout(tmp_path, "c2")

    await collect_checkouts(tmp_path, {"c1"}, NOW)

    assert (names(tmp_path), used.exists()) == (["c1"], True)


@on_a_loop
async def test_a_revision_that_was_used_lately_stays(tmp_path: Path):
    checkout(tmp_path, "c1", age=KEEP / 2)

    await collect_checkouts(tmp_path, set(), NOW)

    assert names(tmp_path) == ["c1"]


@on_a_loop
async def test_what_a_killed_checkout_left_is_removed_by_its_age(tmp_path: Path):
    checkout(tmp_path, ".load.abc")
    checkout(tmp_path, ".load.new", age=KEEP / 2)

    await collect_checkouts(tmp_path, {"c1"}, NOW)

    assert names(tmp_path) == [".load.new"]


@on_a_loop
async def test_without_any_checkout_there_is_nothing_to_do(tmp_path: Path):
    await collect_checkouts(tmp_path / "checkouts", set(), NOW)

    assert names(tmp_path) == []


@on_a_loop
async def test_a_start_counts_as_a_use_of_its_revision(tmp_path: Path):
    checkout(tmp_path, "c1")
    (tmp_path / "c1" / "etl" / "load").mkdir()
    sources = TreeSources(tmp_path, lambda: cast("Repository", object()), tmp_path)

    await sources.snapshot(ScriptId("etl/load"), "c1")
    await collect_checkouts(tmp_path, set(), NOW)

    assert names(tmp_path) == ["c1"]


@on_a_loop
async def test_what_is_checked_out_and_what_active_runs_name_is_in_use(tmp_path: Path):
    (tmp_path / "scripts").mkdir()
    head = Repository.init_if_missing(tmp_path / "scripts", NOW).head()
    data = tmp_path / "data"
    settings = Settings.model_validate(
        {"paths": {"scripts": tmp_path / "scripts", "data": data}}, strict=False
    )
    stores = open_stores(data, SystemClock())
    await stores.runs.commit(Transition(new_runs=[a_run(commit="c1")]))
    stores.close()
    for revision in ("c1", "c2", str(head)):
        checkout(data / "checkouts", revision)

    await collect(settings)

    assert names(data / "checkouts") == sorted(["c1", str(head)])
