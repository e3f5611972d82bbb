"""The cache of the tree when it was written by another version."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.model.identity import ScriptId, TriggerKey
from engine.model.script import Script
from engine.ports import InForce
from engine.store.database import Database
from engine.store.scripts import SqliteScriptStore
from tests.fakes.run_facts import NOON, a_script

LOAD, EXTRACT = ScriptId("etl/load"), ScriptId("etl/extract")
HOURLY = TriggerKey("hourly")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "pysched.db")
    yield opened
    opened.close()


def unreadable(text: str) -> Script:
    if text == LOAD:
        raise ValueError("a field of another version")
    return a_script(id=EXTRACT)


def test_a_definition_that_cannot_be_read_is_as_if_never_seen(database: Database):
    store = SqliteScriptStore(database, lambda script: script.id, unreadable)
    entries = [
        InForce(
            id=script,
            signature="s",
            digest="d",
            script=a_script(id=script),
            last_due={HOURLY: NOON},
        )
        for script in (LOAD, EXTRACT)
    ]
    asyncio.run(store.save(entries))

    loaded = list(store.load())

    never_seen = InForce(id=LOAD, signature="", digest="", script=None, last_due={HOURLY: NOON})
    assert loaded == [entries[1], never_seen]
