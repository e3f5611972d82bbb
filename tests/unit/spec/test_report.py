"""Problems as text, JSON and annotations."""

import json

from engine.model.tree import Problem, Severity
from engine.spec.report import as_github, as_json, as_text

SECOND = Problem(path="b/script.yaml", line=9, column=5, code="unknown_key", message="unknown 'x'")
FIRST = Problem(
    path="a, b:c/100%", line=2, column=1, code="x", message="50%\nmore", severity=Severity.WARNING
)


def test_text_is_one_line_a_problem_in_order_and_once():
    assert as_text([SECOND, FIRST, SECOND]) == (
        "a, b:c/100%:2:1: warning: 50%\\nmore\nb/script.yaml:9:5: error: unknown 'x'\n"
    )


def test_text_cannot_move_the_cursor():
    problem = Problem(path="\x1b[2J", code="x", message="\u202ereversed")

    assert as_text([problem]) == "\\x1b[2J:1:1: error: \\u202ereversed\n"


def test_json_has_the_shape_of_the_contract():
    assert json.loads(as_json([SECOND])) == {
        "problems": [
            {
                "path": "b/script.yaml",
                "line": 9,
                "column": 5,
                "severity": "error",
                "code": "unknown_key",
                "message": "unknown 'x'",
            }
        ]
    }


def test_an_annotation_cannot_be_broken_out_of():
    assert as_github([FIRST]) == ("::warning file=a%2C b%3Ac/100%25,line=2,col=1::50%25%0Amore\n")


def test_nothing_wrong_is_nothing_said():
    assert (as_text([]), as_github([]), json.loads(as_json([]))) == ("", "", {"problems": []})
