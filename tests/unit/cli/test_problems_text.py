"""Problems in the formats of `pysched validate`."""

from pathlib import Path

import pytest

from engine.model.tree import Problem, Severity
from web.cli.problems_text import github_line, has_errors, verdict

ERROR = Problem(
    path="a/script.yaml", line=9, column=5, code="unknown_key", message="50% off,\nno: x"
)
WARNING = Problem(path="a/script.yaml", code="unused", message="m", severity=Severity.WARNING)


@pytest.mark.parametrize(
    ("scripts", "problems", "text"),
    [
        (0, [], "0 scripts are valid"),
        (1, [], "1 script is valid"),
        (12, [ERROR, ERROR, WARNING], "12 scripts: 2 errors, 1 warning"),
        (12, [WARNING], "12 scripts are valid, 1 warning"),
    ],
)
def test_the_verdict_counts(scripts, problems, text):
    assert verdict(scripts, problems) == text


def test_warnings_are_no_errors():
    assert (has_errors([WARNING]), has_errors([WARNING, ERROR])) == (False, True)


def test_a_github_annotation_is_at_the_path_of_the_checkout_and_escaped():
    assert github_line(ERROR, Path("/repo/scripts"), Path("/repo")) == (
        "::error file=scripts/a/script.yaml,line=9,col=5,title=unknown_key::50%25 off,%0Ano: x"
    )


def test_a_warning_is_a_warning_there_too():
    assert github_line(WARNING, Path("/repo"), Path("/repo")).startswith("::warning file=a/")
