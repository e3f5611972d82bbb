"""Inline metadata of scripts (PEP 723)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.spec.inline import InlineMetadata, read_inline_metadata
from tests.fakes.script_files import defined


def a_block(*lines: str) -> str:
    return "\n".join(["import os", "# /// script", *(f"# {line}" for line in lines), "# ///", ""])


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_metadata_is_read(newline):
    source = a_block('requires-python = ">=3.11"', "dependencies = [", '  "a",', "]")

    metadata = read_inline_metadata(source.replace("\n", newline).encode())

    assert metadata == InlineMetadata(("a",), ">=3.11", (2, 1))


@pytest.mark.parametrize(
    "source", ["", "print(1)", "# /// pyproject\n# x = 1\n# ///\n", "x = '# /// script'"]
)
def test_a_file_without_metadata_has_none(source):
    assert read_inline_metadata(source.encode()) is None


@pytest.mark.parametrize(
    ("source", "place"),
    [
        (a_block("dependencies = [", '  "a"'), "4:1: error: the inline metadata is not valid TOML"),
        (a_block("x = 1", "y = = 2"), "4:7: error: the inline metadata is not valid TOML"),
        (a_block("x = 1", "dependencies = 'a'"), "4:3: error: dependencies must be a list"),
        (a_block("dependencies = [1]"), "3:3: error: dependencies must be a list"),
        (a_block("requires-python = 'new'"), "3:3: error: requires-python: 'new' is not like"),
        (a_block("requires-python = 3"), "3:3: error: requires-python: 3 is not like"),
        ("\n# /// script\n# x = 1\n", "2:1: error: the block `# /// script` is not closed"),
        (a_block("x = 1") + a_block("y = 1"), "6:1: error: a second block"),
        (a_block(f"dependencies = {['a'] * 2001}"), "3:3: error: dependencies: at most 2000"),
        (a_block('dependencies = ["./lib"]'), "2:1: error: './lib' is a local path"),
    ],
)
def test_malformed_metadata_is_told_with_its_place(source, place):
    (problem,) = defined(files={"load.py": source}).problems

    assert str(problem).startswith(f"etl/load/load.py:{place}")


@settings(max_examples=60)
@given(st.lists(st.text(max_size=10), max_size=4))
def test_any_block_is_read_or_refused_inside_the_file(lines):
    source = a_block(*lines).encode()

    problems = defined(files={"load.py": source.decode()}).problems

    assert all(p.line <= source.count(b"\n") + source.count(b"\r") + 1 for p in problems)
