"""The generated JSON Schemas: current, explained, and no narrower than the program."""

import re

import pytest

from schemas import generate
from schemas.generate import DIRECTORY, FILES, json_schema, schema_text
from schemas.manifest import ScriptManifest
from schemas.quantities import DURATION_PATTERN, SIZE_PATTERN, parse_duration, parse_size


@pytest.mark.parametrize("which", FILES)
def test_the_written_schema_is_that_of_the_model(which):
    written = (DIRECTORY / f"{which}.schema.json").read_text(encoding="utf-8")

    assert written == schema_text(which), "run ./dev schemas"


def objects_of(schema):
    return [schema, *schema.get("$defs", {}).values()]


@pytest.mark.parametrize("which", FILES)
def test_every_key_is_explained(which):
    unexplained = [
        name
        for part in objects_of(json_schema(which))
        for name, key in part.get("properties", {}).items()
        if not key.get("description")
    ]

    assert unexplained == []


@pytest.mark.parametrize("which", FILES)
def test_no_section_takes_unknown_keys(which):
    assert all(part["additionalProperties"] is False for part in objects_of(json_schema(which)))


def test_a_folder_knows_every_key_of_a_script_but_triggers():
    script, folder = (set(json_schema(which)["properties"]) for which in ("script", "folder"))

    assert script - folder == {"triggers"}


@pytest.mark.parametrize("text", ["90", "30s", "5m", "1h30m", "2d", "100ms", "1.5h", "1h 30m"])
def test_the_schema_takes_the_durations_the_program_takes(text):
    assert re.search(DURATION_PATTERN, text)
    parse_duration(text)


@pytest.mark.parametrize("text", ["soon", "5 minutes", "m", "", "-5m"])
def test_the_schema_refuses_what_is_no_duration(text):
    assert not re.search(DURATION_PATTERN, text)


@pytest.mark.parametrize("text", ["512MB", "1GiB", "1.5 GB", "100"])
def test_the_schema_takes_the_sizes_the_program_takes(text):
    assert re.search(SIZE_PATTERN, text)
    parse_size(text)


def test_an_unknown_schema_is_a_key_error():
    with pytest.raises(KeyError):
        json_schema("nope")


def test_the_schemas_are_written_to_a_directory_that_may_be_new(tmp_path, monkeypatch):
    monkeypatch.setattr(generate, "DIRECTORY", tmp_path / "json")

    generate.main()

    assert {path.name for path in (tmp_path / "json").iterdir()} == {
        f"{which}.schema.json" for which in FILES
    }


def test_a_manifest_is_written_back_as_it_was_read():
    read = {"triggers": [{"every": "5m"}, {"url": {"token": True}}], "limits": {"memory": "1GiB"}}

    manifest = ScriptManifest.model_validate(read)

    assert manifest.model_dump(exclude_unset=True) == read
