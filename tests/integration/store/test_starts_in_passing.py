"""The start of a run is put on record without holding anything up."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.model.run import RunStatus
from engine.ports import Transition
from engine.store import writer
from engine.store.database import Database
from engine.store.runs import SqliteRunStore
from tests.fakes.run_facts import NOON, a_run

QUEUED = a_run("r1", status=RunStatus.QUEUED)
STARTED = a_run("r1", status=RunStatus.RUNNING, started_at=NOON)
ENDED = a_run("r1", status=RunStatus.SUCCESS, started_at=NOON, finished_at=NOON)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteRunStore]:
    database = Database(tmp_path / "pysched.db")
    store = SqliteRunStore(database)
    asyncio.run(store.commit(Transition(new_runs=(QUEUED,))))
    yield store
    database.close()


def test_a_start_is_written_along_with_the_end(
    store: SqliteRunStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(writer, "PATIENCE", 3600)

    async def both() -> None:
        await asyncio.gather(
            store.commit(Transition(changed_runs=(STARTED,))),
            store.commit(Transition(changed_runs=(ENDED,))),
        )

    asyncio.run(asyncio.wait_for(both(), 10))

    assert store.run(QUEUED.id) == ENDED


def test_the_start_of_a_long_run_is_written_soon(store: SqliteRunStore):
    asyncio.run(store.commit(Transition(changed_runs=(STARTED,))))

    assert store.run(QUEUED.id) == STARTED


def test_a_start_that_brings_a_new_run_waits_for_nobody(
    store: SqliteRunStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(writer, "PATIENCE", 3600)
    new = a_run("r2", status=RunStatus.QUEUED)
    transition = Transition(new_runs=(new,), changed_runs=(STARTED,))

    asyncio.run(asyncio.wait_for(store.commit(transition), 10))

    assert store.run(new.id) == new
