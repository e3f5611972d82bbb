"""A plan in words."""

import pytest

from engine.model.environment import EnvironmentRequest
from engine.model.identity import ScriptId
from engine.model.plan import (
    CreateScript,
    DeleteScript,
    FieldChange,
    MarkScript,
    MovedOccurrence,
    Plan,
    UpdateScript,
)
from engine.model.tree import Entry, Problem, Severity
from tests.fakes.engine import NOON
from web.cli.plan_text import environment_words, plan_lines, plan_sentence
from web.cli.words import local


def entry(script_id: str) -> Entry:
    return Entry(id=ScriptId(script_id), signature="s", digest="d", script=None)


def text(plan: Plan) -> list[str]:
    return [line.plain for line in plan_lines(plan)]


def test_no_difference_is_one_sentence():
    assert text(Plan()) == ["No difference: the tree is in force."]


def test_each_action_has_its_sign():
    plan = Plan(
        actions=[
            CreateScript(entry=entry("a")),
            UpdateScript(entry=entry("b"), before=None),
            MarkScript(entry=entry("c"), stale=True),
            DeleteScript(id=ScriptId("d")),
        ]
    )

    assert text(plan) == [
        "+ create  a",
        "~ update  b  files beside the manifest",
        "! error   c  the last good version stays in force",
        "- delete  d",
        "Plan: 1 to create, 1 to update, 1 to delete, 1 with errors.",
    ]


def test_a_changed_field_is_told_from_and_to():
    changes = (FieldChange("limits.timeout", "5m", "1m"), FieldChange("group", None, "db"))
    plan = Plan(actions=[UpdateScript(entry=entry("b"), before=None, changes=changes)])

    assert text(plan)[1:3] == ["    limits.timeout: 5m → 1m", "    group: (not set) → db"]


def test_environments_to_build_name_their_scripts():
    builds = [(EnvironmentRequest("3.12", "pandas>=2\nrich"), (ScriptId("a"), ScriptId("b")))]

    assert text(Plan(builds=builds)) == [
        "+ build   python 3.12: pandas>=2, rich  (a, b)",
        "Plan: 1 environment to build.",
    ]


def test_an_environment_without_wishes_is_named_too():
    assert environment_words(EnvironmentRequest()) == "the default python, no packages"


def test_moved_runs_are_told_with_both_times():
    later = NOON.replace(hour=13)
    moved = [
        MovedOccurrence(script=ScriptId("a"), before=NOON, after=later),
        MovedOccurrence(script=ScriptId("b"), before=None, after=NOON),
        MovedOccurrence(script=ScriptId("c"), before=NOON, after=None),
    ]

    assert text(Plan(moved=moved))[:3] == [
        f"  next    a: {local(NOON)} → {local(later)}",
        f"  next    b: first {local(NOON)}",
        f"  next    c: no run is due any more, was {local(NOON)}",
    ]


def test_the_reason_of_removals_that_wait_stands_alone():
    plan = Plan(actions=[DeleteScript(id=ScriptId("a"))], held="removes 9 of 10 scripts; confirm")

    assert text(plan)[1] == "held: removes 9 of 10 scripts; confirm"


def test_a_script_that_was_never_valid_keeps_nothing():
    plan = Plan(actions=[MarkScript(entry=entry("c"))])

    assert text(plan)[0] == "! error   c  no valid version yet"


def test_a_mended_script_is_good_news():
    plan = Plan(actions=[UpdateScript(entry=entry("b"), before=None, mended=True)])

    assert text(plan)[0] == "✓ mended  b"


def test_a_mended_script_that_says_something_else_now_is_an_update():
    changes = (FieldChange("group", None, "db"),)
    plan = Plan(actions=[UpdateScript(entry=entry("b"), before=None, changes=changes, mended=True)])

    assert text(plan)[:2] == ["~ update  b  mended", "    group: (not set) → db"]


@pytest.mark.parametrize(
    ("errors", "stale", "sentence"),
    [
        (1, ["a"], "No difference; 1 error keeps a's last good version in force."),
        (2, ["a", "b"], "No difference; 2 errors keep the last good versions of a, b in force."),
        (1, [], "No difference; 1 error above."),
    ],
)
def test_an_error_without_a_difference_says_what_stays(errors, stale, sentence):
    problem = Problem(path="a/script.yaml", code="x", message="m")
    plan = Plan(problems=[problem] * errors, stale=[ScriptId(one) for one in stale])

    assert plan_sentence(plan) == sentence


def test_a_warning_keeps_nothing_from_being_in_force():
    problem = Problem(path="a/script.yaml", code="x", message="m", severity=Severity.WARNING)

    assert plan_sentence(Plan(problems=[problem])) == "No difference: the tree is in force."


def test_the_sum_leaves_out_what_is_not_there():
    assert plan_sentence(Plan(actions=[CreateScript(entry=entry("a"))])) == "Plan: 1 to create."
