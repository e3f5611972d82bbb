"""The environment of a script over HTTP."""

import pytest

from engine.model.environment import EnvironmentState
from engine.model.identity import ScriptId
from engine.model.status import EnvironmentReport
from tests.fakes.engine import an_environment
from web.permissions import Keys, Principal, Role

PATH = "/api/scripts/etl/load/environment"


def test_packages_lock_and_log_are_told(call, engine):
    engine.environments["etl/load"] = an_environment()

    assert call("GET", PATH).json() == {
        "state": "ready",
        "key": "e" * 24,
        "python": "3.12.1",
        "message": None,
        "building": False,
        "lock": "f" * 64,
        "lock_text": "alpha==1.0\n",
        "packages": [{"name": "alpha", "version": "1.0"}],
        "build_log": "ready\n",
        "built_at": "2026-11-24T12:00:00Z",
        "size_bytes": 1024,
        "used_by": ["etl/load"],
    }


def test_one_that_was_never_built_has_nothing_but_a_reason(call, engine):
    report = EnvironmentReport(
        state=EnvironmentState.FAILED, key=None, python=None, message="no such package"
    )
    engine.environments["etl/load"] = an_environment(
        report=report, lock=None, lock_text=None, packages=(), built_at=None, size=None
    )

    answer = call("GET", PATH).json()

    assert (answer["state"], answer["message"], answer["packages"], answer["size_bytes"]) == (
        "failed",
        "no such package",
        [],
        None,
    )


def test_a_rebuild_is_accepted_and_names_whom_it_concerns(call, engine):
    answer = call("POST", f"{PATH}/rebuild")

    assert (answer.status_code, answer.json(), engine.asked) == (
        202,
        {"scripts": ["etl/load"]},
        [("rebuild", "etl/load", "default key")],
    )


def test_who_only_reads_may_look_and_not_rebuild(call):
    key = "a-key-that-only-reads"

    assert [
        call("GET", PATH, key=key).status_code,
        call("POST", f"{PATH}/rebuild", key=key).status_code,
    ] == [200, 403]


def test_an_unknown_script_has_none(call):
    answers = [
        call("GET", "/api/scripts/nothing/environment"),
        call("POST", "/api/scripts/nothing/environment/rebuild"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.fixture
def etl_key(app):
    """A key that may do all, on the scripts below etl."""
    before = app.state.keys
    app.state.keys = Keys({"etl": Principal(name="etl", role=Role.ADMIN, scripts=("etl/*",))})
    yield "etl"
    app.state.keys = before


def test_a_key_for_some_scripts_does_not_learn_of_others_that_share_it(call, engine, etl_key):
    users = (ScriptId("etl/load"), ScriptId("web/site"))
    engine.environments["etl/load"] = an_environment(used_by=users)

    assert call("GET", PATH, key=etl_key).json()["used_by"] == ["etl/load"]


@pytest.mark.parametrize("path", ["/api/folders", "/api/tree", "/api/logs/web"])
def test_a_key_for_some_scripts_is_shown_nothing_of_all(call, etl_key, path):
    assert call("GET", path, key=etl_key).status_code == 403
