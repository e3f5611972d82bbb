"""New scripts and folders are valid as they are written."""

import ast

import pytest

from engine.spec.folder import folder_defaults
from engine.spec.template import new_folder_file, new_script_files
from tests.fakes.script_files import defined

NAMES = [
    "Hello World",
    'say "hi"',
    "back\\slash",
    "100%: {x} # y",
    "über 'alles'",
    "on",
    "5",
    "a\nb",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_new_script_is_valid_whatever_it_is_called(name):
    files = new_script_files("etl/new-one", name)

    definition = defined(
        files["etl/new-one/script.yaml"],
        script="etl/new-one",
        files={"new-one.py": files["etl/new-one/new-one.py"]},
    )

    assert definition.script is not None
    assert definition.script.name == name.replace("\n", " ")


@pytest.mark.parametrize("name", NAMES)
def test_a_new_main_file_is_python(name):
    ast.parse(new_script_files("new", name)["new/new.py"])


def test_the_schema_is_found_from_the_new_manifest():
    files = new_script_files("a/b", "B")

    first_line = files["a/b/script.yaml"].splitlines()[0]

    assert first_line == ("# yaml-language-server: $schema=../../.pysched/script.schema.json")
    assert ".pysched/script.schema.json" in files


def test_a_new_folder_is_valid():
    text = new_folder_file("etl/sub-part")["etl/sub-part/folder.yaml"]

    assert folder_defaults("etl/sub-part", text.encode()).problems == ()
