"""Installed Pythons are found wherever they are, and asked once."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from engine.environments.choice import Interpreter
from engine.environments.interpreters import (
    Interpreters,
    candidates,
    own_interpreter,
    search_directories,
)

SAYS = """#!/bin/sh
echo asked >> "$0.asked"
printf '{version}\\ncpython\\n64\\n'
"""


def fake_python(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SAYS.format(version=version))
    path.chmod(0o755)
    return path


def times_asked(python: Path) -> int:
    log = Path(f"{python}.asked")
    return len(log.read_text().splitlines()) if log.exists() else 0


class Machine:
    """A home directory and a search path; what the machine has besides is left out."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.extra: list[Path] = []
        self.environ = {"HOME": str(root / "home"), "PATH": f"{root / 'bin'}:{os.environ['PATH']}"}

    def found(self) -> list[Interpreter]:
        interpreters = Interpreters(
            cache=self.root / "interpreters.json", environ=self.environ, extra=self.extra
        )
        found = asyncio.run(interpreters.found())
        return [i for i in found if Path(i.path).is_relative_to(self.root)]

    def versions(self) -> list[str]:
        return [i.version for i in self.found()]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(Path(os.path.realpath(tmp_path)))


def test_the_python_of_this_program_is_described_as_it_describes_itself(tmp_path: Path):
    own = own_interpreter()
    interpreters = Interpreters(cache=tmp_path / "i.json", environ={}, extra=[Path(own.path)])

    assert own in asyncio.run(interpreters.found())


@pytest.mark.parametrize(
    "place",
    [
        "bin/python3",
        "bin/python3.12",
        "home/.pyenv/versions/3.12.1/bin/python3.12",
        "home/.local/share/uv/python/cpython-3.12.1/bin/python3.12",
        "home/.asdf/installs/python/3.12.1/bin/python3",
        "home/.local/share/mise/installs/python/3.12.1/bin/python3",
    ],
)
def test_is_found_in(machine: Machine, place: str):
    fake_python(machine.root / place, "3.12.1")

    assert machine.versions() == ["3.12.1"]


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        ("more/python3.12", "more/python3.12"),
        ("more", "more/python3.12"),
        ("more", "more/bin/python3.12"),
        ("more", "more/3.12.1/bin/python3.12"),
        ("more/my-python", "more/my-python"),
    ],
)
def test_is_found_by_a_setting(machine: Machine, setting: str, place: str):
    fake_python(machine.root / place, "3.12.1")
    machine.extra = [machine.root / setting]

    assert machine.versions() == ["3.12.1"]


def test_pyenv_elsewhere_is_found(machine: Machine):
    fake_python(machine.root / "pyenv/versions/3.9.18/bin/python3.9", "3.9.18")
    machine.environ["PYENV_ROOT"] = str(machine.root / "pyenv")

    assert machine.versions() == ["3.9.18"]


def test_shims_are_not_asked(machine: Machine):
    shim = fake_python(machine.root / "home/.pyenv/shims/python3.12", "3.12.1")
    machine.environ["PATH"] = str(shim.parent)

    assert machine.versions() == []
    assert times_asked(shim) == 0


def test_all_names_of_one_file_are_one_python_and_asked_once(machine: Machine):
    python = fake_python(machine.root / "bin/python3.12", "3.12.1")
    (machine.root / "bin/python3").symlink_to("python3.12")

    assert machine.versions() == ["3.12.1"]
    assert times_asked(python) == 1


def test_a_known_python_is_not_asked_again(machine: Machine):
    python = fake_python(machine.root / "bin/python3.12", "3.12.1")

    assert machine.found() == machine.found()
    assert times_asked(python) == 1


def test_a_python_that_was_replaced_is_asked_again(machine: Machine):
    python = fake_python(machine.root / "bin/python3.12", "3.12.1")
    machine.found()
    fake_python(python, "3.12.10")

    assert machine.versions() == ["3.12.10"]


def test_a_python_that_is_gone_is_forgotten(machine: Machine):
    python = fake_python(machine.root / "bin/python3.12", "3.12.1")
    machine.found()
    python.unlink()

    assert machine.versions() == []


def test_a_file_that_is_no_python_is_left_out_and_not_asked_again(machine: Machine):
    broken = machine.root / "bin/python3"
    broken.parent.mkdir()
    broken.write_text('#!/bin/sh\necho asked >> "$0.asked"\nexit 127\n')
    broken.chmod(0o755)

    assert machine.versions() == machine.versions() == []
    assert times_asked(broken) == 1


def test_a_file_that_cannot_be_run_is_left_out(machine: Machine):
    python = fake_python(machine.root / "bin/python3.12", "3.12.1")
    python.chmod(stat.S_IRUSR)

    assert machine.versions() == []


def test_pythons_that_are_too_old_are_left_out(machine: Machine):
    fake_python(machine.root / "bin/python3.7", "3.7.16")

    assert machine.versions() == []


def test_the_newest_comes_first(machine: Machine):
    for version in ("3.9.18", "3.12.1", "3.10.13", "3.13.0rc2"):
        fake_python(machine.root / f"bin/python{version.rpartition('.')[0]}", version)

    assert machine.versions() == ["3.13.0rc2", "3.12.1", "3.10.13", "3.9.18"]


def test_virtual_environments_and_dangling_links_are_left_out(tmp_path: Path):
    fake_python(tmp_path / "venv/bin/python3", "3.12.1")
    (tmp_path / "venv/pyvenv.cfg").write_text("home = /usr/bin\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3.12").symlink_to(tmp_path / "nowhere")

    assert candidates([tmp_path / "venv/bin", tmp_path / "bin"]) == {}


def test_the_usual_places_are_searched_without_any_environment():
    directories = list(search_directories({}, []))

    assert {Path("/usr/bin"), Path("/usr/local/bin")} <= set(directories)


def test_a_list_that_cannot_be_kept_only_costs_time(machine: Machine):
    fake_python(machine.root / "bin/python3.12", "3.12.1")
    (machine.root / "interpreters.json").mkdir()

    assert machine.versions() == ["3.12.1"]
