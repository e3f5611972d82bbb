"""`notify` and `expect_within` in the files."""

import pytest

from engine.model.script import Notify
from engine.model.tree import Severity
from tests.unit.spec.test_define import defined, script_of

TO = "to: [ops@example.com]"


@pytest.mark.parametrize(
    ("text", "when"),
    [
        (f"notify: {{{TO}}}", ("failure", "recovery")),
        (f"notify: {{{TO}, when: [success]}}", ("success",)),
        (f"notify: {{{TO}}}\nexpect_within: 1h", ("failure", "recovery", "missed")),
        (f"notify: {{{TO}, when: [missed]}}\nexpect_within: 1h", ("missed",)),
    ],
)
def test_what_is_told_of_follows_from_what_is_asked_for(text, when):
    assert script_of(text).notify == Notify(when=when, to=("ops@example.com",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("expect_within: 1h", "add 'notify' with 'to'"),
        (f"expect_within: 1h\nnotify: {{{TO}, when: [failure]}}", "add 'missed' to 'when'"),
    ],
)
def test_a_success_that_nobody_would_miss_is_a_warning(text, message):
    (problem,) = defined(text).problems

    assert (problem.severity, problem.code, problem.line) == (Severity.WARNING, "unheard", 1)
    assert message in problem.message


def test_nobody_needs_to_tell_a_crowd():
    many = ", ".join(f"a{number}@example.com" for number in range(51))

    (problem,) = defined(f"notify: {{to: [{many}]}}").problems

    assert "50" in problem.message


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nobody", "neither a mail address nor a URL"),
        ("file:///tmp/x", "own machine"),
        ("a b@example.com", "neither"),
    ],
)
def test_a_target_that_nothing_can_be_sent_to_is_an_error_at_its_place(target, message):
    (problem,) = defined(f"notify:\n  to:\n    - ops@example.com\n    - {target}\n").problems

    assert (problem.code, problem.line) == ("invalid_target", 4)
    assert message in problem.message
