"""What is told of folders, from real files."""

from pathlib import Path

import pytest

from engine.model.identity import ScriptId
from engine.model.status import FolderReport
from engine.service.check import scan
from engine.service.folders import folder_reports
from schemas.settings import Settings


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for script in ("alone", "etl/load", "etl/daily/report"):
        directory = tmp_path / script
        directory.mkdir(parents=True)
        (directory / "main.py").write_text("print()\n")
    (tmp_path / "empty-folder").mkdir()
    return tmp_path


def folders(tree: Path) -> dict[str, FolderReport]:
    found = scan(tree, Settings())
    return {one.path: one for one in folder_reports(tree, found, tuple(found.entries))}


def test_all_folders_are_there_and_scripts_are_none(tree: Path):
    assert list(folders(tree)) == ["empty-folder", "etl", "etl/daily"]


def test_scripts_are_counted_in_a_folder_and_below_it(tree: Path):
    counts = {path: (one.scripts, one.scripts_below) for path, one in folders(tree).items()}

    assert counts == {"empty-folder": (0, 0), "etl": (1, 2), "etl/daily": (1, 1)}


def test_a_folder_yaml_is_told_as_it_is_written(tree: Path):
    (tree / "etl/folder.yaml").write_text(
        "name: Loading\ndescription: All loads\nlimits: {timeout: 5m}\n"
    )

    found = folders(tree)["etl"]

    assert (found.name, found.description, found.defaults) == (
        "Loading",
        "All loads",
        {"limits": {"timeout": "5m"}},
    )


def test_a_folder_without_a_name_is_called_after_its_directory(tree: Path):
    assert folders(tree)["empty-folder"].name == "Empty Folder"


def test_keys_that_hold_a_mistake_are_problems_and_no_defaults(tree: Path):
    (tree / "etl/folder.yaml").write_text("python: '3.12'\nlimits: {timeout: soon}\n")

    found = folders(tree)["etl"]

    assert (found.defaults, [one.path for one in found.problems]) == (
        {"python": "3.12"},
        ["etl/folder.yaml"],
    )


def test_a_name_that_cannot_be_a_script_is_a_problem_of_the_folder_around_it(tree: Path):
    (tree / "etl/bad name").mkdir()
    (tree / "etl/bad name/main.py").write_text("print()\n")

    assert [one.path for one in folders(tree)["etl"].problems] == ["etl/bad name"]


def test_the_root_is_told_when_it_says_something(tree: Path):
    (tree / "folder.yaml").write_text("python: '3.12'\n")

    root = folders(tree)[""]

    assert (root.defaults, root.scripts, root.scripts_below) == ({"python": "3.12"}, 1, 3)


def test_scripts_that_are_in_force_count_though_their_files_are_gone(tree: Path):
    found = scan(tree, Settings())
    reports = folder_reports(tree, found, [*found.entries, ScriptId("etl/gone")])

    assert {one.path: one.scripts for one in reports}["etl"] == 2
