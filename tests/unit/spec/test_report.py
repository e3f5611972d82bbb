"""The order in which problems are told."""

from engine.model.tree import Problem
from engine.spec.report import in_order

SECOND = Problem(path="b/script.yaml", line=9, column=5, code="unknown_key", message="unknown 'x'")
FIRST = Problem(path="a/script.yaml", line=20, column=1, code="x", message="wrong")


def test_each_problem_is_told_once_by_its_place():
    assert in_order([SECOND, FIRST, SECOND]) == [FIRST, SECOND]
