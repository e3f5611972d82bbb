from pathlib import Path

import pytest

from engine.errors import InvalidInput
from engine.model.run import Cause, RunStatus
from engine.runs.environment import PythonHome, run_environment
from engine.spec.references import expand
from tests.fakes.run_facts import NOON, a_run

HOME = PythonHome("/data/envs/k/bin/python", virtual=True)
SERVER = {
    "PATH": "/usr/bin",
    "HOME": "/home/ada",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": "/srv",
    "PYSCHED_SECRET_KEY": "s3cret",
    "SMTP_PASSWORD": "s3cret",
}


def environment(run=None, server=SERVER, script_env=(), python=HOME, **more):
    return run_environment(
        server,
        run or a_run(),
        script_env=script_env,
        python=python,
        state=Path("/data/state/etl/load"),
        **more,
    )


def test_only_four_names_of_the_server_reach_a_run():
    made = {name for name in environment() if not name.startswith("PYSCHED_")}

    assert made == {"PATH", "HOME", "LANG", "TZ", "PYTHONUNBUFFERED", "VIRTUAL_ENV"}
    assert "PYSCHED_SECRET_KEY" not in environment()


def test_programs_of_the_environment_are_found_first():
    assert environment()["PATH"] == "/data/envs/k/bin:/usr/bin"


def test_a_server_without_a_path_still_gives_one():
    assert environment(server={})["PATH"].startswith("/data/envs/k/bin:/")


def test_an_activated_environment_is_announced():
    assert environment()["VIRTUAL_ENV"] == "/data/envs/k"


def test_a_bare_interpreter_is_no_virtual_environment():
    python = PythonHome("/usr/bin/python3", virtual=False)

    assert "VIRTUAL_ENV" not in environment(python=python)


def test_the_caller_overrides_the_script_and_the_script_the_server():
    env = environment(a_run(env=(("A", "caller"),)), script_env=(("A", "x"), ("LANG", "de")))

    assert (env["A"], env["LANG"]) == ("caller", "de")


def test_a_run_learns_the_facts_about_itself():
    run = a_run(
        trigger="nightly",
        cause=Cause.CATCH_UP,
        scheduled_for=NOON,
        attempt=2,
        commit="c0ffee",
        files=("/in/a b.csv", "/in/c.csv"),
        payload="/data/runs/x/payload",
        previous_status=RunStatus.FAILED,
    )

    facts = {k: v for k, v in environment(run).items() if k.startswith("PYSCHED_")}

    assert facts == {
        "PYSCHED_RUN_ID": "20260501T120000-aa",
        "PYSCHED_SCRIPT": "etl/load",
        "PYSCHED_TRIGGER": "nightly",
        "PYSCHED_CAUSE": "catch_up",
        "PYSCHED_SCHEDULED_FOR": "2026-05-01T12:00:00Z",
        "PYSCHED_ATTEMPT": "2",
        "PYSCHED_COMMIT": "c0ffee",
        "PYSCHED_FILES": "/in/a b.csv\n/in/c.csv",
        "PYSCHED_PAYLOAD": "/data/runs/x/payload",
        "PYSCHED_PREVIOUS_STATUS": "failed",
        "PYSCHED_STATE_DIR": "/data/state/etl/load",
    }


def test_facts_that_a_run_lacks_are_empty_rather_than_missing():
    env = environment()

    names = ("TRIGGER", "SCHEDULED_FOR", "COMMIT", "FILES", "PAYLOAD", "PREVIOUS_STATUS")
    assert {env[f"PYSCHED_{name}"] for name in names} == {""}


@pytest.mark.parametrize("place", ["script", "caller"])
def test_a_manifest_cannot_forge_the_facts(place):
    forged = (("PYSCHED_RUN_ID", "forged"),)

    env = environment(script_env=forged) if place == "script" else environment(a_run(env=forged))

    assert env["PYSCHED_RUN_ID"] == "20260501T120000-aa"


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("plain", "plain"),
        ("$${HOME}", "${HOME}"),
        ("$${secret:TOKEN}", "${secret:TOKEN}"),
        ("${HOME}", "${HOME}"),
        ("$5 ${secret:TOKEN}!", "$5 t0k!"),
        ("${secret:SELF}", "${secret:TOKEN}"),
    ],
)
def test_references_are_expanded_once(written, seen):
    secrets = {"TOKEN": "t0k", "SELF": "${secret:TOKEN}"}

    assert expand(written, secrets, where="env") == seen


def test_a_secret_that_is_not_granted_is_refused_with_its_name_and_place():
    with pytest.raises(InvalidInput, match=r"env of etl/load: TOKEN: no secret named 'NOPE'"):
        environment(script_env=(("TOKEN", "${secret:NOPE}"),))


def test_granted_secrets_reach_the_run():
    env = environment(script_env=(("TOKEN", "${secret:T}"),), secrets={"T": "t0k"})

    assert env["TOKEN"] == "t0k"
