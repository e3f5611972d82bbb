"""`pysched plan --confirm` with and without a server on the data directory."""

import pytest

from engine.errors import Unavailable
from engine.model.identity import ScriptId
from engine.model.plan import DeleteScript, Plan
from engine.service import offline
from schemas.settings import Settings
from tests.fakes.engine import FakeEngine
from tests.integration.cli.served import KEY, serving
from web.cli import serverfile
from web.cli.confirming import confirm
from web.cli.failure import Failed

WAITING = Plan(actions=[DeleteScript(id=ScriptId(f"s{number}")) for number in range(6)], held="!")
AT_START = "6 removals will go through when the server starts"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(offline, "confirm_removals", lambda *_: WAITING)
    paths = {"scripts": tmp_path / "scripts", "data": tmp_path}
    return Settings.model_validate({"paths": paths}, strict=False)


def answered(settings, engine: FakeEngine) -> str:
    with serving(engine) as served:
        serverfile.note(settings.paths.data, served.url, KEY)
        return confirm(settings.paths.scripts, settings)


def test_a_running_server_lets_them_through_at_once(settings):
    engine = FakeEngine()

    assert (answered(settings, engine), engine.asked) == (
        "6 removals went through",
        [("reconcile", False)],
    )


def test_without_a_server_they_go_at_the_start(settings):
    assert confirm(settings.paths.scripts, settings) == AT_START


def test_a_server_that_is_gone_is_no_server(settings):
    serverfile.note(settings.paths.data, "http://127.0.0.1:9", KEY)

    assert confirm(settings.paths.scripts, settings) == AT_START


def test_what_the_server_says_against_it_is_told(settings):
    engine = FakeEngine()
    engine.refusal = Unavailable("the disk is full")

    assert answered(settings, engine).endswith("it said: the disk is full")


def test_removals_that_are_held_all_the_same_are_a_failure(settings):
    engine = FakeEngine()
    engine.pending = Plan(held="7 of 8 are gone")

    with pytest.raises(Failed, match="7 of 8 are gone"):
        answered(settings, engine)


def test_nothing_that_waits_asks_nobody(settings, monkeypatch):
    monkeypatch.setattr(offline, "confirm_removals", lambda *_: Plan())

    assert confirm(settings.paths.scripts, settings) == "no removal waits"
