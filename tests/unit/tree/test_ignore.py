import pytest

from engine.tree.ignore import (
    case_collisions,
    is_ignored_directory,
    is_ignored_file,
    is_ignored_path,
    printable,
)


@pytest.mark.parametrize(
    "name", [".git", ".venv", "_shared", "__pycache__", "node_modules", "venv"]
)
def test_directories_that_hold_no_scripts_are_not_looked_into(name: str) -> None:
    assert is_ignored_directory(name)


def test_other_directories_are_looked_into() -> None:
    assert not is_ignored_directory("etl")


@pytest.mark.parametrize(
    "name",
    [".script.yaml.swp", "script.yaml~", "main.pyc", "#main.py#", "4913", "main.py___jb_tmp___"],
)
def test_what_editors_leave_beside_a_file_does_not_count(name: str) -> None:
    assert is_ignored_file(name)


@pytest.mark.parametrize("name", ["__init__.py", "_helper.py", "main.py", "script.yaml"])
def test_source_with_an_underscore_counts(name: str) -> None:
    assert not is_ignored_file(name)


@pytest.mark.parametrize(
    "path", ["a/.venv/lib/x.py", "_old/main.py", "a/__pycache__", "a/.main.py.swp", ".git/HEAD"]
)
def test_paths_below_ignored_directories_are_ignored(path: str) -> None:
    assert is_ignored_path(path.split("/"))


@pytest.mark.parametrize("path", ["a/main.py", "a/_helper.py", "a"])
def test_other_paths_are_looked_at(path: str) -> None:
    assert not is_ignored_path(path.split("/"))


def test_names_that_differ_by_case_alone_collide() -> None:
    assert case_collisions(["b", "etl", "ETL", "B", "c"]) == (("B", "b"), ("ETL", "etl"))


def test_undecodable_and_control_characters_are_shown_as_escapes() -> None:
    assert printable("a\udcff/b\nc") == "a\\xff/b\\x0ac"
