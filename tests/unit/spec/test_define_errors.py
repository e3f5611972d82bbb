"""Every mistake in a manifest is told at its place, with the mend."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.script_files import defined

PATH = "etl/load/script.yaml"


def cases() -> Iterator[tuple[str, str]]:
    for block in (Path(__file__).parent / "mistakes.txt").read_text(encoding="utf-8").split("\n\n"):
        if not block.startswith("#"):
            manifest, _, mistake = block.partition("\n> ")
            yield manifest, mistake.strip()


@pytest.mark.parametrize(("manifest", "expected"), [*cases()])
def test_a_mistake_is_told_at_its_place(manifest, expected):
    definition = defined(manifest)

    shown = [f"{p.line}:{p.column} {p.code}: {p.message}" for p in definition.problems]
    assert (definition.script, shown) == (None, [expected])


def test_the_message_of_the_contract():
    manifest = "name: W\ndescription: x\n\n\n\n\n\ntriggers:\n  - crn: '*/5 * * * *'\n"

    (problem,) = defined(manifest, script="api-calls/weather-api").problems

    assert str(problem) == (
        "api-calls/weather-api/script.yaml:9:5: error: unknown key 'crn' (did you mean 'cron'?)"
    )


def test_every_mistake_of_a_file_is_told_at_once():
    manifest = (
        "nam: x\n"
        "max_parallel: 3\n"
        "main: nope.py\n"
        "limits: {timeout: soon}\n"
        "env: {T: '${secret:x}'}\n"
        "triggers:\n"
        "  - crn: x\n"
        "  - cron: never\n"
        "    catch_up: all\n"
        "  - every: 5m\n"
        "  - every: 5m\n"
        "name: a\n"
        "name: b\n"
    )

    problems = defined(manifest).problems

    assert [(p.line, p.code) for p in problems] == [
        (1, "unknown_key"),
        (2, "contradiction"),
        (3, "missing_main"),
        (4, "invalid_value"),
        (5, "unknown_secret"),
        (7, "unknown_key"),
        (8, "invalid_cron"),
        (9, "contradiction"),
        (11, "duplicate_trigger"),
        (13, "duplicate_key"),
    ]


def test_a_key_that_cannot_be_read_contradicts_nothing():
    manifest = "overlap: skp\nmax_parallel: 3\ntriggers: [{every: 5m, catch_up: all}]\n"

    assert [p.code for p in defined(manifest).problems] == ["invalid_value"]


@pytest.mark.parametrize(
    ("script", "code"),
    [("etl/trigger", "reserved_name"), ("files", "reserved_name"), ("etl/a b", "unsafe_name")],
)
def test_a_directory_name_that_cannot_be_used_is_told(script, code):
    (problem,) = defined(script=script).problems

    assert (problem.path, problem.code) == (script, code)


def test_no_script_has_more_triggers_than_can_be_checked_at_once():
    manifest = "triggers:\n" + "".join(f"  - every: {n}s\n" for n in range(1, 102))

    (problem,) = defined(manifest).problems

    assert problem.message == "triggers: must have at most 100 items, not 101"


def test_a_file_of_a_thousand_mistakes_is_told_in_part():
    manifest = "".join(f"key{n}: x\n" for n in range(1000))

    assert len(defined(manifest).problems) == 50
