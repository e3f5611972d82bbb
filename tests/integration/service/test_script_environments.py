"""What is told of an environment, and what asking for a new build does."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.environments.catalog import UvEnvironments
from engine.errors import NotFound
from engine.model.environment import EnvironmentState
from engine.model.identity import EnvironmentKey, ScriptId
from engine.model.status import EnvironmentReport
from engine.ports import InForce
from engine.reconcile.builds import Builds
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks
from engine.schedule.jump import Wakefulness
from engine.service.environments import LOG_BYTES, ScriptEnvironments
from engine.service.reports import Reports
from tests.fakes.environments import FakeEnvironments
from tests.fakes.journal import FakeJournal
from tests.fakes.reconciled import on_a_loop
from tests.fakes.world import a_script, at

KEY = EnvironmentKey("e" * 24)
LOCK = "--index-url https://ada:pw@index.invalid/simple\nalpha==1.0 \\\n    --hash=sha256:ab\n"


class World:
    """Scripts in force, an environment's files, and builds by the fake."""

    def __init__(self, directory: Path) -> None:
        self.log = directory / "build.log"
        self.state = State(Wakefulness(at("2026-05-01 09:00"), 0.0))
        self.fake = FakeEnvironments()
        self.journal = FakeJournal()
        self.tasks = Tasks()
        self.builds = Builds(self.fake, self.journal, self.state, self.tasks, lambda _: None)
        report = EnvironmentReport(
            state=EnvironmentState.READY, key=KEY, python="3.12.1", message=None
        )
        files = SimpleNamespace(
            details=lambda _: None, lock_text=lambda _: LOCK, log_path=lambda _: self.log
        )
        self.told = ScriptEnvironments(
            self.state,
            cast("Reports", SimpleNamespace(environment=lambda _: report)),
            cast("UvEnvironments", files),
            self.builds,
            self.journal,
        )

    def put(self, script_id: str, **values: Any) -> None:
        definition = a_script(script_id=script_id)
        told = {"script": definition, "signature": "s", "digest": "d"} | values
        self.state.put(InForce(id=ScriptId(script_id), **told))


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path)
    found.put("etl/load")
    return found


def details(world: World, script: str = "etl/load"):
    return asyncio.run(world.told.details(ScriptId(script)))


def test_passwords_in_the_lock_stay_secret(world: World):
    lock = details(world).lock_text

    assert lock is not None
    assert "https://index.invalid/simple" in lock
    assert "pw" not in lock


def test_packages_are_those_of_the_lock(world: World):
    assert details(world).packages == (("alpha", "1.0"),)


def test_a_build_that_never_was_has_no_log(world: World):
    assert details(world).log == ""


def test_of_a_long_log_whole_lines_of_the_end_are_told(world: World):
    world.log.write_bytes(b"x" * 99 + b"\n" + (b"y" * 99 + b"\n") * (LOG_BYTES // 100))

    log = details(world).log

    assert (log[:1], log[-2:], len(log) % 100) == ("y", "y\n", 0)


def test_who_has_the_same_environment_or_asks_for_it_uses_it(world: World):
    other = a_script(script_id="b")
    world.put("b", script=None, environment=KEY)
    world.put("c", script=None)
    world.put("d", script=other)

    assert details(world).used_by == ("b", "d", "etl/load")


def test_a_script_that_never_had_a_definition_is_told_of_all_the_same(world: World):
    world.put("broken", script=None)

    assert (details(world, "broken").building, details(world, "broken").log) == (False, "")


def test_an_unknown_script_is_not_there(world: World):
    with pytest.raises(NotFound):
        details(world, "nothing")


@on_a_loop
async def _rebuild(world: World) -> None:
    script = a_script(script_id="etl/load")
    world.fake.make_ready(script.environment)
    world.fake.hold()

    asked = [await world.told.rebuild(script, "ada") for _ in range(2)]
    during = await world.told.details(script.id)
    world.fake.release()
    await world.tasks.settle()
    after = await world.told.details(script.id)

    assert asked == [("etl/load",)] * 2
    assert (during.building, after.building) == (True, False)


def test_a_rebuild_is_made_once_though_the_environment_is_ready(world: World):
    _rebuild(world)

    assert len(world.fake.builds) == 1


def test_who_asked_is_in_the_journal(world: World):
    _rebuild(world)

    assert [(line.subject, line.detail) for line in world.journal.lines[:2]] == [
        ("etl/load", "asked for by ada")
    ] * 2
