"""Which references to secrets lead nowhere, and where they are written."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.model.script import Script
from engine.service.ungranted import Ungranted, references
from tests.fakes.script_files import defined
from tests.fakes.secrets import a_secret

MANIFEST = """
# ${secret:TOKEN} is the key
env:
  TOKEN: x-${secret:TOKEN}
triggers:
  - every: 5m
    env: {OTHER: "${secret:OTHER}"}
notify: {to: ["${secret:URL}"]}
"""


def script_of(manifest: str) -> Script:
    script = defined(manifest).script
    assert script is not None
    return script


@pytest.fixture
def script(tmp_path: Path) -> Script:
    (tmp_path / "etl" / "load").mkdir(parents=True)
    (tmp_path / "etl" / "load" / "script.yaml").write_text(MANIFEST)
    return script_of(MANIFEST)


def found(root: Path, script: Script | None, *secrets: str):
    known = [a_secret(name) for name in secrets]
    return [
        (problem.path, problem.line, problem.column, problem.message.split()[4].strip(":"))
        for problem in Ungranted(root, lambda: known).of(script)
    ]


def test_all_that_a_script_may_refer_to_is_looked_at(script: Script):
    assert references(script) == ("TOKEN", "OTHER", "URL")


def test_each_is_told_at_its_place(tmp_path: Path, script: Script):
    assert found(tmp_path, script) == [
        ("etl/load/script.yaml", 4, 12, "TOKEN"),
        ("etl/load/script.yaml", 7, 19, "OTHER"),
        ("etl/load/script.yaml", 8, 16, "URL"),
    ]


def test_what_is_there_is_no_mistake(tmp_path: Path, script: Script):
    assert found(tmp_path, script, "TOKEN", "OTHER", "URL") == []


def test_what_is_granted_to_others_is_told(tmp_path: Path, script: Script):
    known = [a_secret(name, scripts=("web/*",)) for name in ("TOKEN", "OTHER", "URL")]
    problems = Ungranted(tmp_path, lambda: known).of(script)

    assert [("not granted to etl/load" in each.message) for each in problems] == [True] * 3


def test_a_reference_of_a_folder_is_told_in_the_folder(tmp_path: Path, script: Script):
    (tmp_path / "folder.yaml").write_text("env: {A: '${secret:FROM_ABOVE}'}\n")
    inherited = replace(script, env=(("A", "${secret:FROM_ABOVE}"),), triggers=(), notify=None)

    assert found(tmp_path, inherited) == [("folder.yaml", 1, 11, "FROM_ABOVE")]


def test_a_reference_in_no_file_any_more_is_told_all_the_same(tmp_path: Path, script: Script):
    gone = replace(script, id="gone", env=(("A", "${secret:GONE}"),), triggers=(), notify=None)

    assert found(tmp_path, gone) == [("gone/script.yaml", 1, 1, "GONE")]


def test_a_script_without_references_reads_no_secrets(tmp_path: Path):
    def unread():
        raise AssertionError("the secrets were read")

    plain = script_of("env: {A: '$${secret:X} ${HOME}'}")
    assert Ungranted(tmp_path, unread).of_all([plain, None]) == ()
