"""What a start carries of secrets."""

from pathlib import Path

import pytest

from engine.errors import InvalidInput
from engine.model.script import Script
from engine.ports import StartRequest
from engine.runs.places import RunPlaces
from engine.runs.request import RequestBuilder
from tests.fakes.environments import an_environment
from tests.fakes.run_facts import a_run
from tests.fakes.script_files import defined
from tests.fakes.secrets import FakeSecrets, a_secret

VALUE = "hunter22"


class UnusedSecrets(FakeSecrets):
    """Fails when a run without references asks for secrets."""

    def reveal(self, script, names):
        raise AssertionError("secrets were asked for")


def script_of(manifest: str) -> Script:
    script = defined(manifest).script
    assert script is not None
    return script


@pytest.fixture
def secrets() -> FakeSecrets:
    return FakeSecrets(told={"TOKEN": a_secret(scripts=("etl/*",))}, values={"TOKEN": VALUE})


def request(tmp_path: Path, secrets: FakeSecrets, script: Script, **run: object) -> StartRequest:
    builder = RequestBuilder(places=RunPlaces(tmp_path), server_env={}, secrets=secrets)
    environment = an_environment(script.environment)
    return builder.build(a_run(**run), script, environment, tmp_path / "tree")


def test_a_reference_becomes_the_value_and_is_to_be_hidden(tmp_path, secrets):
    made = request(tmp_path, secrets, script_of("env: {A: 'x-${secret:TOKEN}'}"))

    assert (made.env["A"], list(made.mask)) == (f"x-{VALUE}", [VALUE])


def test_the_variables_of_a_trigger_may_refer_to_secrets(tmp_path, secrets):
    made = request(tmp_path, secrets, script_of(""), env=(("A", "${secret:TOKEN}"),))

    assert (made.env["A"], list(made.mask)) == (VALUE, [VALUE])


@pytest.mark.parametrize("manifest", ["", "env: {A: plain}", "env: {A: '$${secret:TOKEN}'}"])
def test_a_run_without_references_asks_for_no_secrets(tmp_path, manifest):
    assert request(tmp_path, UnusedSecrets(), script_of(manifest)).mask == ()


def test_a_secret_that_is_missing_refuses_the_start(tmp_path, secrets):
    with pytest.raises(InvalidInput, match="pysched secret add OTHER"):
        request(tmp_path, secrets, script_of("env: {A: '${secret:OTHER}'}"))


def test_a_secret_of_other_scripts_refuses_the_start(tmp_path, secrets):
    secrets.told["TOKEN"] = a_secret(scripts=("web/*",))

    with pytest.raises(InvalidInput, match="pysched secret grant TOKEN etl/load"):
        request(tmp_path, secrets, script_of("env: {A: '${secret:TOKEN}'}"))


def test_no_refusal_shows_a_value(tmp_path, secrets):
    with pytest.raises(InvalidInput, match="the value of A can be no argument") as refusal:
        request(tmp_path, secrets, script_of('env: {A: "${secret:TOKEN}"}'), env=(
            ("A", "${secret:TOKEN}\0"),
        ))  # fmt: skip

    assert VALUE not in str(refusal.value)


def test_what_is_to_be_hidden_has_bounds(tmp_path, secrets):
    secrets.values["TOKEN"] = "x" * 600_000

    with pytest.raises(InvalidInput, match="what must not be seen of secrets"):
        request(tmp_path, secrets, script_of("env: {A: '${secret:TOKEN}'}"))
