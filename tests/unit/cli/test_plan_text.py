"""A plan in words."""

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
from engine.model.tree import Entry
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
            MarkScript(entry=entry("c")),
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


def test_removals_that_wait_say_how_to_let_them_through():
    plan = Plan(actions=[DeleteScript(id=ScriptId("a"))], held="removes 9 of 10 scripts")

    assert text(plan)[1:3] == [
        "held: removes 9 of 10 scripts",
        "      let them through with `pysched plan --confirm`",
    ]


def test_the_sum_leaves_out_what_is_not_there():
    assert plan_sentence(Plan(actions=[CreateScript(entry=entry("a"))])) == "Plan: 1 to create."
