"""What every ScriptStore does."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.model.identity import EnvironmentKey, ScriptId, TriggerKey
from engine.model.script import Script
from engine.model.tree import Problem, Severity
from engine.ports import InForce, RunStore, ScriptStore, Transition
from engine.store.database import Database
from engine.store.runs import SqliteRunStore
from engine.store.scripts import SqliteScriptStore
from tests.fakes.run_facts import NOON, a_script
from tests.fakes.runs import FakeRunStore
from tests.fakes.scripts import FakeScriptStore

LOAD, EXTRACT = ScriptId("etl/load"), ScriptId("etl/extract")
HOURLY, DAILY = TriggerKey("hourly"), TriggerKey("daily")


class Bench:
    def __init__(self, scripts: ScriptStore, runs: RunStore) -> None:
        self.scripts = scripts
        self.runs = runs

    def save(self, *changed: InForce, removed: tuple[ScriptId, ...] = ()) -> None:
        asyncio.run(self.scripts.save(changed, removed))

    def moved_on(self, script: ScriptId, trigger: TriggerKey, hours: int) -> None:
        due = {(script, trigger): NOON + timedelta(hours=hours)}
        asyncio.run(self.runs.commit(Transition(last_due=due)))


def encode(script: Script) -> str:
    return f"{script.id}|{script.name}"


def decode(text: str) -> Script:
    script_id, name = text.split("|")
    return a_script(id=ScriptId(script_id), name=name)


@pytest.fixture(params=["fake", "sqlite"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "fake":
        scripts = FakeScriptStore()
        yield Bench(scripts, FakeRunStore(last_due=scripts.last_due, files=scripts.files))
        return
    database = Database(tmp_path / "pysched.db")
    yield Bench(SqliteScriptStore(database, encode, decode), SqliteRunStore(database))
    database.close()


def in_force(script: ScriptId = LOAD, **facts: object) -> InForce:
    known = {"signature": "s", "digest": "d", "script": a_script(id=script, name="Load")} | facts
    return InForce(id=script, **known)


WHOLE = in_force(
    problems=(
        Problem(
            path="etl/load/script.yaml",
            line=9,
            column=5,
            severity=Severity.WARNING,
            code="unknown_key",
            message="unknown key 'crön'",
        ),
    ),
    environment=EnvironmentKey("env-1"),
    last_due={HOURLY: NOON + timedelta(microseconds=1), DAILY: NOON},
)


def test_a_new_store_is_empty(bench: Bench):
    assert list(bench.scripts.load()) == []


def test_an_entry_comes_back_as_it_was_given(bench: Bench):
    bench.save(WHOLE)

    assert list(bench.scripts.load()) == [WHOLE]


def test_an_entry_without_a_good_definition_comes_back(bench: Bench):
    bench.save(InForce(id=LOAD, signature="s", digest="d", script=None))

    assert [entry.script for entry in bench.scripts.load()] == [None]


def test_a_second_save_replaces_the_entry(bench: Bench):
    bench.save(WHOLE)

    bench.save(in_force(signature="new"))

    assert list(bench.scripts.load()) == [in_force(signature="new")]


def test_entries_that_are_not_named_stay(bench: Bench):
    bench.save(in_force(LOAD), in_force(EXTRACT))

    bench.save(in_force(LOAD, signature="new"))

    assert {entry.id: entry.signature for entry in bench.scripts.load()} == {
        LOAD: "new",
        EXTRACT: "s",
    }


def test_a_removed_entry_is_gone_with_what_is_known_of_its_triggers(bench: Bench):
    bench.save(WHOLE)
    bench.save(removed=(LOAD,))

    bench.save(in_force())

    assert [dict(entry.last_due) for entry in bench.scripts.load()] == [{}]


def test_removing_what_is_not_there_is_no_error(bench: Bench):
    bench.save(in_force(), removed=(EXTRACT,))

    assert [entry.id for entry in bench.scripts.load()] == [LOAD]


def test_a_commit_of_runs_moves_the_last_due_time(bench: Bench):
    bench.save(WHOLE)

    bench.moved_on(LOAD, HOURLY, hours=3)

    assert dict(bench.scripts.load()[0].last_due) == {
        HOURLY: NOON + timedelta(hours=3),
        DAILY: NOON,
    }


def test_the_last_due_time_can_go_back(bench: Bench):
    bench.save(WHOLE)

    bench.moved_on(LOAD, HOURLY, hours=-3)

    assert bench.scripts.load()[0].last_due[HOURLY] == NOON - timedelta(hours=3)


def test_a_saved_entry_sets_what_is_known_of_its_triggers(bench: Bench):
    bench.save(WHOLE)
    bench.moved_on(LOAD, HOURLY, hours=3)

    bench.save(in_force(last_due={DAILY: NOON}))

    assert dict(bench.scripts.load()[0].last_due) == {DAILY: NOON}


def test_what_files_triggers_have_seen_comes_back(bench: Bench):
    seen = {HOURLY: {"/t/inbox/a.csv": "1-2-3"}}
    bench.save(in_force(last_due={HOURLY: NOON}, files=seen))

    assert dict(bench.scripts.load()[0].files) == seen


def test_a_commit_of_runs_replaces_what_a_files_trigger_has_seen(bench: Bench):
    bench.save(in_force(last_due={HOURLY: NOON}, files={HOURLY: {"/t/a.csv": "1"}}))

    asyncio.run(bench.runs.commit(Transition(files={(LOAD, HOURLY): {"/t/b.csv": "2"}})))

    assert dict(bench.scripts.load()[0].files) == {HOURLY: {"/t/b.csv": "2"}}
