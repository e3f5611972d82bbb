from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.environment import EnvironmentRequest, EnvironmentState
from engine.model.identity import ScriptId
from engine.model.plan import CreateScript, DeleteScript, MarkScript, MovedOccurrence, Plan
from engine.model.script import Script
from engine.model.tree import Entry, Problem, Tree
from engine.ports import InForce
from engine.reconcile.plan import plan_script
from engine.reconcile.preview import next_run, preview, problems_of
from tests.fakes.world import (
    URL,
    a_broken_entry,
    a_script,
    a_tree,
    an_entry,
    applied,
    at,
    cron,
    every,
    observed,
)

NOW = at("2026-05-01 09:30")
HOURLY, NEW = cron("0 * * * *"), EnvironmentRequest(requirements="new")


def is_ready(_: EnvironmentRequest) -> EnvironmentState:
    return EnvironmentState.READY


def said(
    tree: Tree,
    *in_force: InForce,
    environment: Callable[[EnvironmentRequest], EnvironmentState] = is_ready,
) -> Plan:
    return preview(tree, {each.id: each for each in in_force}, environment, NOW)


def test_a_tree_that_is_in_force_gives_an_empty_plan():
    assert said(a_tree(an_entry(a_script(HOURLY))), applied(a_script(HOURLY))).empty


def test_deletes_come_before_adds():
    plan = said(a_tree(an_entry(a_script(script_id="a"))), applied(a_script(script_id="z")))

    assert [type(action) for action in plan.actions] == [DeleteScript, CreateScript]


def test_an_environment_that_is_not_built_is_named_with_all_its_scripts():
    tree = a_tree(*(an_entry(a_script(script_id=name, environment=NEW)) for name in "ab"))

    plan = said(tree, environment=lambda _: EnvironmentState.MISSING)

    assert plan.builds == ((NEW, (ScriptId("a"), ScriptId("b"))),)


def test_an_environment_that_is_built_is_not_named():
    assert said(a_tree(an_entry(a_script()))).builds == ()


def test_a_script_without_a_definition_needs_no_environment():
    plan = said(a_tree(a_broken_entry()), environment=lambda _: EnvironmentState.MISSING)

    assert plan.builds == ()


def test_a_new_schedule_is_shown_with_its_first_moment():
    plan = said(a_tree(an_entry(a_script(HOURLY))))

    assert plan.moved == (
        MovedOccurrence(script=a_script().id, before=None, after=at("2026-05-01 10:00")),
    )


def test_a_moved_schedule_is_shown_with_both_moments():
    after = an_entry(a_script(cron("45 * * * *")))

    plan = said(a_tree(after), applied(a_script(HOURLY)))

    assert plan.moved == (
        MovedOccurrence(
            script=after.id, before=at("2026-05-01 10:00"), after=at("2026-05-01 09:45")
        ),
    )


def test_a_schedule_that_goes_with_its_script_is_shown():
    other = applied(a_script(script_id="other"))

    plan = said(a_tree(an_entry(a_script(script_id="other"))), other, applied(a_script(HOURLY)))

    assert plan.moved == (
        MovedOccurrence(script=a_script().id, before=at("2026-05-01 10:00"), after=None),
    )


@pytest.mark.parametrize(
    "entry",
    [an_entry(a_script(HOURLY), digest="d2"), a_broken_entry()],
    ids=["other file", "broken"],
)
def test_a_schedule_that_stays_is_not_shown(entry: Entry):
    assert said(a_tree(entry), applied(a_script(HOURLY))).moved == ()


def test_the_removal_of_a_script_without_schedule_moves_nothing():
    other = applied(a_script(script_id="other"))

    plan = said(a_tree(an_entry(a_script(script_id="other"))), other, applied(a_script()))

    assert plan.moved == ()


def test_removals_that_would_be_held_say_so():
    plan = said(a_tree(), applied(a_script()))

    assert plan.held is not None
    assert "nothing is removed" in plan.held


def test_problems_come_in_order_of_place():
    tree = Tree(
        entries={ScriptId("reports/daily"): a_broken_entry()},
        problems=(
            Problem(path="z", code="c", message="m"),
            Problem(path="a", line=2, code="c", message="m"),
            Problem(path="a", line=1, column=3, code="c", message="m"),
            Problem(path="a", line=1, code="c", message="m"),
        ),
    )

    found = [(p.path, p.line, p.column) for p in problems_of(tree)]
    assert found == [
        ("a", 1, 1),
        ("a", 1, 3),
        ("a", 2, 1),
        ("reports/daily/script.yaml", 3, 1),
        ("z", 1, 1),
    ]


@pytest.mark.parametrize(
    "script",
    [
        None,
        a_script(URL),
        a_script(HOURLY, enabled=False),
        a_script(cron("0 * * * *", enabled=False)),
    ],
    ids=["none", "no clock", "paused", "paused trigger"],
)
def test_some_scripts_have_no_next_run(script: Script | None):
    assert next_run(script, NOW) is None


def test_the_first_trigger_gives_the_next_run():
    assert next_run(a_script(HOURLY, every(600)), NOW) == at("2026-05-01 09:40")


DEFINITIONS = st.sampled_from(
    [
        None,
        an_entry(a_script(HOURLY)),
        an_entry(a_script(HOURLY), digest="d2"),
        an_entry(a_script(every(60), main="x.py"), digest="d3"),
        an_entry(a_script(HOURLY, environment=NEW), digest="d4"),
        a_broken_entry(),
        a_broken_entry(digest="d5"),
    ]
)


@settings(max_examples=40)
@given(DEFINITIONS, DEFINITIONS, DEFINITIONS)
def test_what_is_said_is_what_the_loop_does(
    first: Entry | None, second: Entry | None, desired: Entry | None
):
    in_force = None
    for entry in (first, second):
        in_force = plan_script(entry, observed(in_force), NOW).in_force
    known = () if in_force is None else (in_force,)

    plan = plan_script(desired, observed(in_force), NOW)
    actions = said(a_tree() if desired is None else a_tree(desired), *known).actions

    assert actions == (() if plan.action is None else (plan.action,))


@settings(max_examples=40)
@given(DEFINITIONS, DEFINITIONS)
def test_a_second_plan_is_empty(before: Entry | None, desired: Entry | None):
    in_force = plan_script(before, observed(), NOW).in_force
    after = plan_script(desired, observed(in_force), NOW).in_force

    again = plan_script(desired, observed(after), NOW)

    assert (again.action, again.save, again.runs, again.occurrences) == (None, False, (), ())


def test_a_mark_is_said_as_a_mark():
    assert said(a_tree(a_broken_entry())).actions == (MarkScript(entry=a_broken_entry()),)
