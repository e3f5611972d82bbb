"""The one word for the state of the tree."""

import pytest

from engine.model.status import TreeStatus
from engine.model.tree import Problem, Severity
from engine.service.sync import tree_status

ERROR = Problem(path="a", code="unknown_key", message="m")
WARNING = Problem(path="a", severity=Severity.WARNING, code="case_collision", message="m")


@pytest.mark.parametrize(
    ("failure", "held", "problems", "word"),
    [
        (None, None, (), TreeStatus.OK),
        (None, None, (WARNING,), TreeStatus.OK),
        (None, None, (WARNING, ERROR), TreeStatus.ERROR),
        (None, "too many", (ERROR,), TreeStatus.HELD),
        ("gone", "too many", (ERROR,), TreeStatus.FAILING),
    ],
)
def test_what_stops_most_is_told(failure, held, problems, word):
    assert tree_status(failure, held, problems) is word
