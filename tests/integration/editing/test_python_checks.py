"""Python text, checked by a real Python and a real ruff."""

import asyncio
import shutil
import sys
from pathlib import Path

import pytest

from engine.editing import lint
from engine.editing.python import check_python
from engine.editing.syntax import ScriptPython
from engine.environments.interpreters import own_interpreter
from engine.errors import CommandFailed

OWN = own_interpreter()
PYTHON = ScriptPython(interpreter=OWN.path, version=OWN.version)


def problems(text, python=PYTHON):
    return asyncio.run(check_python(python, "etl/load/load.py", text))


def told(text):
    return [(one.line, one.column, str(one.severity), one.code) for one in problems(text)]


def test_sound_python_has_no_problem():
    assert problems("import json\n\nprint(json.dumps({'ä': 1}))\n") == []


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("print('a'\n", 1, 6),
        ("x = 1\nif x\n    pass\n", 2, 5),
        ("x = 1\r\nif x\r\n    pass\r\n", 2, 5),
        ("x = 1\rif x\r    pass\r", 2, 5),
        ("ä = 'öü😀'; y = = 2\n", 1, 16),
        ("if True:\n\tx = = 2\n", 2, 6),
        ("\ufeffx = = 2\n", 1, 6),
        ("é = 'ü'; return 1\n", 1, 10),
        ("def f(a):\n  print('ü'); global a\n", 2, 15),
        ("x = 1\nx = 'öü😀é'; y = = 2\n", 2, 17),
        ("return 1\n", 1, 1),
        ("x = '", 1, 5),
        ("def f():\n", 1, 9),
        ("# -*- coding: no-such -*-\n", 1, 1),
    ],
)
def test_a_mistake_of_syntax_is_told_where_it_is(text, line, column):
    assert told(text) == [(line, column, "error", "syntax_error")]


def test_the_sentence_is_that_of_python():
    assert [one.message for one in problems("print('a'\n")] == ["'(' was never closed"]


@pytest.mark.parametrize(
    ("text", "line", "column", "code"),
    [
        ("import os\n", 1, 8, "F401"),
        ("x = 'ä😀' + unknown\n", 1, 12, "F821"),
        ("if True:\n\tprint(unknown)\n", 2, 8, "F821"),
        ("import subprocess\nsubprocess.call('ls', shell=True)\n", 2, 1, "S602"),
        ("\ufeffimport os\n", 1, 9, "F401"),
        ("exec('1')\n", 1, 1, "S102"),
    ],
)
def test_ruff_gives_hints_where_they_belong(text, line, column, code):
    assert (line, column, "warning", code) in told(text)


def test_a_warning_of_python_is_told_too():
    assert (1, 1, "warning", "syntax_warning") in told("x = 1\nassert (x, 'always true')\n"[6:])


def test_nothing_is_run(tmp_path: Path):
    mark = tmp_path / "mark"
    problems(f"open({str(mark)!r}, 'w').close()\n")

    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x = '\ud800'\n", "not_utf8"),
        ("x = 1\0\n", "not_text"),
        ("#" * 1_000_001, "too_large"),
        ("é" * 600_000, "too_large"),
    ],
)
def test_what_no_file_can_hold_is_one_problem(text, code):
    assert [one.code for one in problems(text)] == [code]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 50_000,
        "[" * 300 + "]" * 300,
        "-" * 100_000 + "1",
        "x" + ".x" * 100_000,
        "x = " + "+".join("1" for _ in range(100_000)),
        "\\\n" * 100_000,
        "f'{" * 1_000,
    ],
)
def test_a_text_made_to_be_costly_is_a_problem_and_no_failure(text):
    found = problems(text)

    assert all(one.line >= 1 and one.column >= 1 and one.message for one in found)
    assert any(one.code in {"syntax_error", "too_deep"} for one in found) or not found


def test_a_million_hints_are_cut():
    assert len(problems("unknown\n" * 100_000)) == lint.MOST


def test_a_configuration_of_the_user_is_not_read(tmp_path: Path, monkeypatch):
    (tmp_path / "ruff.toml").write_text("[lint]\nignore = ['F401']\n")
    (tmp_path / "ruff").mkdir()
    shutil.copy(tmp_path / "ruff.toml", tmp_path / "ruff" / "ruff.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    assert told("import os\n") == [(1, 8, "warning", "F401")]


def test_a_missing_python_is_a_failure_of_a_command():
    gone = ScriptPython(interpreter="/no/such/python", version="3.12.1")

    with pytest.raises(CommandFailed):
        problems("x = 1\n", gone)


def test_a_python_that_crashes_is_a_problem(tmp_path: Path):
    crashing = tmp_path / "python"
    crashing.write_text(f"#!{sys.executable}\nimport os\nos.kill(os.getpid(), 11)\n")
    crashing.chmod(0o755)
    found = problems("x = 1\n", ScriptPython(interpreter=str(crashing), version="3.12.1"))

    assert [(one.code, one.line) for one in found] == [("too_deep", 1)]


def test_without_ruff_the_syntax_is_checked_all_the_same(monkeypatch):
    def missing() -> str:
        raise CommandFailed("ruff is not installed")

    monkeypatch.setattr(lint, "_ruff", missing)

    assert told("x = = 2\n") == [(1, 1, "warning", "no_lint"), (1, 5, "error", "syntax_error")]


@pytest.mark.parametrize("minor", [lint.OLDEST_MINOR, lint.NEWEST_MINOR])
def test_ruff_knows_the_versions_that_it_is_asked_for(minor):
    found = problems("import os\n", ScriptPython(interpreter=OWN.path, version=f"3.{minor}.0"))

    assert [one.code for one in found] == ["F401"]
