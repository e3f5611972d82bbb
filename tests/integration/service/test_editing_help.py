"""What an unsaved text would be, in a real tree; and what is completed in it."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from engine.environments.catalog import UvEnvironments
from engine.environments.options import EnvironmentOptions
from engine.errors import InvalidInput, NotFound, Unavailable
from engine.ports import InForce
from engine.reconcile.state import State
from engine.schedule.jump import Wakefulness
from engine.service.assistance import NOT_BUILT, Assistance
from engine.service.check import definer, scan
from schemas.settings import Settings
from tests.fakes.clock import FakeClock
from tests.fakes.world import at


class World:
    """A tree on disk, the scripts in force, and the help for its editors."""

    def __init__(self, directory: Path) -> None:
        self.tree = directory / "scripts"
        self.data = directory / "data"
        self.write("etl/folder.yaml", "overlap: skip\n")
        self.write("etl/load/load.py", "print('load')\n")
        self.write("etl/load/script.yaml", "triggers:\n  - every: 5m\n")
        self.write("etl/extract/extract.py", "print('extract')\n")

    def write(self, path: str, text: str) -> None:
        file = self.tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def ask(self, question):
        """Put a question to the help as it is now."""

        async def run():
            editing = self.editing()
            try:
                return await question(editing)
            finally:
                await editing.close()

        return asyncio.run(run())

    def editing(self) -> Assistance:
        settings = Settings()
        state = State(Wakefulness(at("2026-05-01 09:00"), 0.0))
        state.tree = scan(self.tree, settings)
        for entry in state.tree.entries.values():
            known = {"signature": entry.signature, "digest": entry.digest, "script": entry.script}
            state.put(InForce(id=entry.id, problems=entry.problems, **known))
        environments = UvEnvironments(
            data=self.data, options=EnvironmentOptions(), clock=FakeClock()
        )
        return Assistance(self.tree, state, definer(settings), environments)

    def check(self, script, path, text):
        return self.ask(lambda editing: editing.check(script, path, text, asker="ada"))

    def told(self, script, path, text):
        return [str(one) for one in self.check(script, path, text)]

    def codes(self, script, path, text):
        return [one.code for one in self.check(script, path, text)]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.mark.parametrize(
    ("script", "path", "text"),
    [
        ("etl/load", "script.yaml", "triggers:\n  - cron: '0 7 * * *'\n"),
        ("etl/load", "script.yaml", ""),
        ("etl/load", "load.py", "import json\nprint(json.dumps(1))\n"),
        ("etl/load", "lib/deep/new.py", "x = 1\n"),
        ("etl/load", "requirements.txt", "alpha==1.0\nbeta>=2,<3  # why\n\n"),
        ("etl/load", "data.csv", "not, checked"),
        ("etl/load", "lib/script.yaml", "no: manifest\n"),
        (None, "etl/folder.yaml", "limits:\n  timeout: 5m\n"),
        (None, "new/folder.yaml", "env:\n  CITY: Berlin\n"),
        (None, "pysched.yaml", "server:\n  port: 8001\n"),
    ],
)
def test_a_sound_text_has_no_problem(world, script, path, text):
    assert world.told(script, path, text) == []


def test_a_manifest_is_refused_in_the_words_of_a_scan(world):
    text = "triggers:\n  - crn: '* * * * *'\n"
    world.write("etl/load/script.yaml", text)
    (saved,) = scan(world.tree, Settings()).entries["etl/load"].problems

    assert world.check("etl/load", "script.yaml", text) == [saved]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("triggers:\n  - after: etl/extrct\n", "unknown_script"),
        ("main: gone.py\n", "missing_main"),
        ("overlap: skip\ntriggers:\n  - every: 5m\n    catch_up: all\n", "contradiction"),
        ("a: [1\n", "yaml_syntax"),
        ("x: " + "[" * 200, "too_deep"),
        ("env:\n  A: &a 1\n", "alias"),
        ("#" * 70_000, "too_large"),
        ("\ud800", "not_utf8"),
        ("a\0", "not_text"),
    ],
)
def test_mistakes_of_a_manifest_are_told(world, text, code):
    assert code in world.codes("etl/load", "script.yaml", text)


def test_a_circle_is_told_before_it_is_saved(world):
    world.write("etl/extract/script.yaml", "triggers:\n  - after: etl/load\n")

    assert world.codes("etl/load", "script.yaml", "triggers:\n  - after: etl/extract\n") == [
        "after_cycle"
    ]


def test_mistakes_of_other_files_are_left_to_them(world):
    world.write("etl/load/requirements.txt", "-r other.txt\n")
    world.write("etl/folder.yaml", "no-such-key: 1\n")

    assert world.told("etl/load", "script.yaml", "name: Load\n") == []


def test_a_mistake_in_a_folder_is_told_where_it_is(world):
    assert world.told(None, "etl/folder.yaml", "overlp: skip\n") == [
        "etl/folder.yaml:1:1: error: unknown key 'overlp' (did you mean 'overlap'?)"
    ]


def test_a_mistake_in_the_settings_is_told_where_it_is(world):
    found = world.check(None, "pysched.yaml", "server:\n  prt: 1\n")

    assert [(one.path, one.line, one.column) for one in found] == [("pysched.yaml", 2, 3)]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("alpha\n-r other.txt\n", "requirement_option", 2),
        ("alpha\n./local\n", "requirement_option", 2),
        ("alpha\n  beta=1.0\n", "invalid_requirement", 2),
        ("alpha\0\n", "not_text", 1),
        ("# ü\nalpha >>> 1\n", "invalid_requirement", 2),
    ],
)
def test_requirements_are_doubted_line_by_line(world, text, code, line):
    assert [(one.code, one.line) for one in world.check("etl/load", "requirements.txt", text)] == [
        (code, line)
    ]


def test_inline_metadata_of_the_main_file_is_checked_with_its_python(world):
    text = "# /// script\n# dependencies = ['-r x']\n# ///\nimport os\n"

    assert sorted(world.codes("etl/load", "load.py", text)) == ["F401", "requirement_option"]


@pytest.mark.parametrize(
    "path", ["../x.py", "/etc/passwd.py", "a//b.py", ".git/config", "a\\b.py", "x\0.py", ".", "a/"]
)
def test_a_path_outside_the_script_is_refused(world, path):
    with pytest.raises(InvalidInput):
        world.check("etl/load", path, "x = 1\n")
    with pytest.raises(InvalidInput):
        world.ask(lambda editing: editing.complete("etl/load", path, "x.", (1, 3), asker="ada"))


def test_a_main_file_outside_its_directory_is_not_read(world, tmp_path):
    (tmp_path / "secret.py").write_text("# /// script\n# dependencies = ['-r x']\n# ///\n")

    assert world.codes("etl/load", "script.yaml", "main: ../../../secret.py\n") != []


@pytest.mark.parametrize("script", ["etl/nothing", "", "../etl", "etl"])
def test_a_script_that_is_not_there_is_not_found(world, script):
    with pytest.raises(NotFound):
        world.check(script, "load.py", "x = 1\n")
    with pytest.raises(NotFound):
        world.ask(lambda editing: editing.complete(script, "load.py", "x.", (1, 3), asker="ada"))


def test_without_a_script_only_files_of_the_tree_are_checked(world):
    with pytest.raises(InvalidInput, match="name the script"):
        world.check(None, "etl/load/load.py", "x = 1\n")


def test_a_broken_script_can_be_edited(world):
    world.write("etl/load/script.yaml", "crn: 1\n")

    assert world.told("etl/load", "script.yaml", "name: Load\n") == []


def test_modules_beside_the_file_are_completed(world):
    world.write("etl/load/prices.py", "def of(city): ...\n")

    async def question(editing):
        text = "import prices\nprices.o"
        for _ in range(10):
            # On a busy machine the first answer may come too late to be waited for.
            with suppress(Unavailable):
                return await editing.complete("etl/load", "load.py", text, (2, 9), asker="ada")
        raise AssertionError("no completion came in time")

    found = world.ask(question)

    assert ([one.label for one in found.items], found.note) == (["of"], NOT_BUILT)


def test_only_python_is_completed(world):
    async def question(editing):
        return await editing.complete("etl/load", "script.yaml", "name", (1, 1), asker="ada")

    with pytest.raises(InvalidInput, match="only Python"):
        world.ask(question)
