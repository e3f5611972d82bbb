"""One library, one door; one clock; files that stay small, and names that say something."""

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.architecture.repository import (
    PACKAGES,
    ROOT,
    calls,
    imports,
    modules,
    text_of,
    tracked_files,
)

DEPENDENCIES = Path("docs/explanation/dependencies.md")
IMPORT_NAMES = {
    "argon2-cffi": "argon2",
    "prometheus-client": "prometheus_client",
    "pydantic-core": "pydantic_core",
    "pyyaml": "yaml",
    "ruamel-yaml": "ruamel",
}
GUARDED = {"sqlite3": "engine/store/", "subprocess": ("engine/process.py", "engine/companion.py")}

CLOCK_READERS = {
    "engine/service/clock.py": "the Clock port itself",
    "web/cli/begin.py": "hands the moment of the start to the engine",
    "web/cli/started.py": "the same, for an engine without a runner above it",
    "web/cli/terminal.py": "the reader's own today, which goes without its date",
    "web/cli/tree.py": "the caller's own now, where --from is not given",
}
CLOCK_READS = {("datetime", "now"), ("datetime", "utcnow"), ("time", "time"), ("time", "time_ns")}

LARGEST = 300
LARGER = {"engine/ports.py": "all the protocols between the parts, side by side"}
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
INDEX_HOSTS = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com")


def doors() -> dict[str, tuple[str, ...]]:
    """Return the places that may import each library, from the page that tells them."""
    page = text_of(DEPENDENCIES)
    rows = re.findall(r"^\| ([a-z0-9-]+) \| [^|]+ \| ([^|]+) \|$", page, re.MULTILINE)
    return {
        IMPORT_NAMES.get(name, name): tuple(re.findall(r"`([^`]+)`", where)) for name, where in rows
    }


def outsiders() -> list[tuple[str, str]]:
    """Return module and top name of every import of somebody else's package."""
    return [
        (module.as_posix(), name)
        for module in modules()
        for name in sorted({full.partition(".")[0] for full in imports(module)})
        if name not in PACKAGES and name not in sys.stdlib_module_names
    ]


def test_each_library_is_imported_through_its_door_alone():
    allowed = doors()

    assert outsiders()
    assert [
        (module, name)
        for module, name in outsiders()
        if not module.startswith(allowed.get(name, ()))
    ] == []


def test_each_door_is_used():
    used = outsiders()

    assert [
        (name, door)
        for name, places in doors().items()
        for door in places
        if not any(module.startswith(door) and name == found for module, found in used)
    ] == []


def test_each_dependency_of_the_project_is_justified():
    project = (ROOT / "pyproject.toml").read_text()
    listed = re.search(r"^dependencies = \[(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    assert listed
    names = re.findall(r'"([a-z0-9-]+)[><=]', listed[1])
    told = re.findall(r"^\| ([a-z0-9-]+) \|", text_of(DEPENDENCIES), re.MULTILINE)

    assert len(names) > 10
    assert set(names) - set(told) == set()


@pytest.mark.parametrize(("name", "door"), GUARDED.items())
def test_sqlite_and_subprocess_have_one_door(name, door):
    used = {module.as_posix() for module in modules() if name in set(imports(module))}

    assert used
    assert {module for module in used if not module.startswith(door)} == set()


def reads_the_clock(module: Path) -> bool:
    return any(
        isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr) in CLOCK_READS
        for _, node in calls(module)
    )


def test_the_time_is_read_where_it_may_be_and_nowhere_else():
    readers = {module.as_posix() for module in modules() if reads_the_clock(module)}

    assert {each for each in readers if not each.startswith("engine/runner/")} == set(CLOCK_READERS)


def test_no_module_is_larger_than_can_be_read_at_once():
    sizes = {module.as_posix(): len(text_of(module).splitlines()) for module in modules()}

    assert {module for module, lines in sizes.items() if lines > LARGEST} == set(LARGER)


def test_every_module_says_what_it_is_for():
    silent = [
        module.as_posix()
        for module in modules()
        if text_of(module).strip() and ast.get_docstring(ast.parse(text_of(module))) is None
    ]

    assert silent == []


def test_no_file_has_a_name_that_says_nothing():
    assert [path for path in tracked_files() if VAGUE & set(re.split(r"[-_.]", path.stem))] == []


def test_no_file_names_a_package_index():
    found = []
    for path in tracked_files():
        content = (ROOT / path).read_bytes().lower()
        found += [(str(path), host) for host in INDEX_HOSTS if host.encode() in content]

    assert found == []


def test_the_runner_imports_the_standard_library_and_itself_alone():
    runner = [module for module in modules() if module.parts[:2] == ("engine", "runner")]
    allowed = sys.stdlib_module_names | {"engine"}
    names = {name for module in runner for name in imports(module)}

    assert runner
    assert {name for name in names if name.partition(".")[0] not in allowed} == set()
    ours = {name for name in names if name.partition(".")[0] == "engine"}
    assert {name for name in ours if not name.startswith("engine.runner")} == set()
