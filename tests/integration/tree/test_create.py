from collections.abc import Mapping
from pathlib import Path
from threading import Barrier, Thread

import pytest

from engine.errors import InvalidInput, UnsafeTree
from engine.model.identity import ScriptId
from engine.tree.create import create_script
from engine.tree.definer import SpecDefiner
from engine.tree.scan import TreeScanner
from schemas.settings import Settings
from tests.fakes.disk import WallClock


def template(script: str, display_name: str) -> Mapping[str, str]:
    return {f"{script}/main.py": f"# {display_name}\n", ".shared/schema.json": "{}"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "scripts"
    root.mkdir()
    return root


def test_the_directory_has_the_safe_name(root: Path) -> None:
    assert create_script(root, "Hello World", template=template) == "hello-world"


def test_the_files_are_those_of_the_template(root: Path) -> None:
    create_script(root, "Hello World", template=template)

    assert (root / "hello-world" / "main.py").read_text() == "# Hello World\n"


def test_a_name_that_is_taken_gets_a_number(root: Path) -> None:
    create_script(root, "Hello World", template=template)

    assert create_script(root, "hello world", template=template) == "hello-world-2"


def test_a_name_taken_in_another_case_is_taken(root: Path) -> None:
    (root / "ETL").mkdir()

    assert create_script(root, "etl", template=template) == "etl-2"


def test_a_folder_is_created_where_it_is_missing(root: Path) -> None:
    assert create_script(root, "Load", "etl/daily", template=template) == "etl/daily/load"


@pytest.mark.parametrize("folder", ["../x", "_off", ".git", "a b", "a/../b", "venv"])
def test_a_folder_that_is_not_looked_into_is_refused(root: Path, folder: str) -> None:
    with pytest.raises(InvalidInput, match="folder"):
        create_script(root, "Load", folder, template=template)


def test_a_folder_that_is_a_link_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (root / "out").symlink_to(tmp_path / "outside")

    with pytest.raises(InvalidInput, match="link"):
        create_script(root, "Load", "out", template=template)


def test_a_name_with_nothing_left_is_refused(root: Path) -> None:
    with pytest.raises(InvalidInput):
        create_script(root, "!!!", template=template)


def test_shared_files_of_the_template_are_written_too(root: Path) -> None:
    create_script(root, "Load", template=template)

    assert (root / ".shared" / "schema.json").read_text() == "{}"


def test_nothing_else_is_left_behind(root: Path) -> None:
    create_script(root, "Load", template=template)
    create_script(root, "Load", template=template)

    names = sorted(path.name for path in root.iterdir())
    assert names == [".pysched-tmp", ".shared", "load", "load-2"]
    assert list((root / ".pysched-tmp").iterdir()) == []


def test_a_missing_tree_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnsafeTree, match="cannot be written"):
        create_script(tmp_path / "nothing", "Load", template=template)


def test_two_that_create_the_same_name_at_once_get_two_scripts(root: Path) -> None:
    barrier, made = Barrier(4), list[ScriptId]()

    def create() -> None:
        barrier.wait()
        made.append(create_script(root, "Load", template=template))

    threads = [Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(made) == ["load", "load-2", "load-3", "load-4"]


def test_what_the_real_template_writes_is_a_script_without_problems(root: Path) -> None:
    script = create_script(root, "Hello World", "demo")
    definer = SpecDefiner(Settings(), lambda expression, timezone: None, "1")
    entry = TreeScanner(root, definer, WallClock()).scan().entries[script]

    assert (entry.script and entry.script.name, entry.problems) == ("Hello World", ())
