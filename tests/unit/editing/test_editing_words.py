"""What tools tell of a text, brought into the shape that an editor is told."""

import json

import pytest

from engine.document.place import Position
from engine.editing import lint, place
from engine.editing.python import merged
from engine.editing.question import (
    LONGEST_TEXT,
    MOST,
    BadAnswer,
    Question,
    question_line,
    read_answer,
)
from engine.editing.syntax import found_by_python
from engine.errors import InvalidInput
from engine.model.tree import Problem, Severity

ITEM = {"label": "a", "kind": "function", "detail": "def a", "insert": "a", "replaces": 0}


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        (1, 1, (1, 1)),
        (2, 3, (2, 3)),
        (2, 99, (2, 4)),
        (9, 1, (3, 1)),
        (0, 5, (1, 1)),
        (None, None, (1, 1)),
        (2, None, (2, 1)),
        (2, 0, (2, 1)),
        (2, -7, (2, 1)),
    ],
)
def test_a_place_that_a_tool_tells_is_one_of_the_text(line, column, expected):
    assert place.inside(place.lines_of("ab\ncd😀\n"), line, column) == expected


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_lines_end_as_those_of_python_do(end):
    assert place.lines_of(f"a{end}b\x0c\x85\u2028c{end}") == ["a", "b\x0c\x85\u2028c", ""]


def test_an_offset_is_a_line_and_a_character():
    assert place.position_of("ä\r\n😀b", 4) == Position(2, 2)


@pytest.mark.parametrize(
    ("version", "word"),
    [
        ("3.6.1", "py37"),
        ("3.8.18", "py38"),
        ("3.12.1", "py312"),
        ("3.15.0rc1", "py315"),
        ("3.99.0", "py315"),
    ],
)
def test_ruff_is_asked_for_the_nearest_version_that_it_knows(version, word):
    assert lint.target_version(version) == word


def test_an_answer_of_python_that_is_none_tells_of_a_crash():
    (problem,) = found_by_python("3.12.1", "a.py", "x", "")

    assert (problem.code, "3.12.1" in problem.message) == ("too_deep", True)


def test_what_python_refuses_is_not_told_a_second_time_by_ruff():
    def problem(code, severity=Severity.WARNING, column=1):
        return Problem(path="a.py", column=column, severity=severity, code=code, message=code)

    told = [problem("syntax_error", Severity.ERROR)]
    hints = [problem("F706"), problem(lint.SYNTAX, column=3), problem("F401", column=5)]

    assert [one.code for one in merged(told, hints)] == ["syntax_error", "F401"]


def test_a_question_is_one_line():
    question = Question(
        text="a\nb\r\n\u2028",
        line=1,
        column=1,
        path="/t/a.py",
        directory="/t",
        packages=(),
        version="3.12.1",
    )

    assert question_line(question).count(b"\n") == 0
    assert json.loads(question_line(question))["text"] == "a\nb\r\n\u2028"


def answer(**values) -> bytes:
    return json.dumps({"items": [ITEM], "note": None, "memory": 7} | values).encode()


def test_an_answer_has_its_items_and_what_the_process_holds():
    found = read_answer(answer())

    assert (found.completions.items[0].label, found.memory) == ("a", 7)


def test_an_answer_is_cut_to_what_can_be_sent_on():
    long = ITEM | {"label": "x" * 1_000, "detail": "\ud800"}
    items = read_answer(answer(items=[long] * 500)).completions.items

    assert (len(items), len(items[0].label), items[0].detail) == (MOST, LONGEST_TEXT, "?")


def test_a_place_that_is_not_there_is_the_mistake_of_who_asks():
    with pytest.raises(InvalidInput, match="line 9"):
        read_answer(b'{"refused": "line 9 is not in the text"}')


@pytest.mark.parametrize(
    "line",
    [b"", b"no json", b"[]", b"{}", b"7", b'{"items": 1, "note": null, "memory": 1}', b"[" * 9_999],
)
def test_anything_else_is_no_answer(line):
    with pytest.raises(BadAnswer):
        read_answer(line)
