"""What a plan tells about scripts whose files hold an error, or held one."""

from dataclasses import replace

import pytest

from engine.model.environment import EnvironmentState
from engine.model.plan import MarkScript, UpdateScript
from engine.model.tree import Problem, Severity
from engine.reconcile.difference import apply_action, script_action
from engine.reconcile.preview import preview
from tests.fakes.world import a_broken_entry, a_script, a_tree, an_entry, applied, at, cron

SCRIPT = a_script(cron("0 * * * *"))
ENTRY = an_entry(SCRIPT)
STALE = apply_action(MarkScript(entry=a_broken_entry()), applied(SCRIPT))


@pytest.mark.parametrize(("in_force", "stale"), [(None, False), (applied(SCRIPT), True)])
def test_a_mark_says_whether_an_older_definition_stays(in_force, stale):
    action = script_action(a_broken_entry(), in_force)

    assert isinstance(action, MarkScript)
    assert action.stale is stale


def test_a_script_whose_error_is_gone_is_mended():
    action = script_action(ENTRY, STALE)

    assert isinstance(action, UpdateScript)
    assert action.mended


def test_a_script_whose_warning_is_gone_is_not_mended():
    warning = Problem(path="a", severity=Severity.WARNING, code="w", message="look here")

    action = script_action(ENTRY, replace(applied(SCRIPT), problems=(warning,)))

    assert isinstance(action, UpdateScript)
    assert not action.mended


@pytest.mark.parametrize(
    ("entry", "in_force", "stale"),
    [
        (a_broken_entry(), STALE, (SCRIPT.id,)),
        (ENTRY, applied(SCRIPT), ()),
        (a_broken_entry(), None, ()),
    ],
    ids=["broken", "well", "never valid"],
)
def test_a_plan_names_the_scripts_that_stay_as_they_were(entry, in_force, stale):
    known = {} if in_force is None else {in_force.id: in_force}

    found = preview(a_tree(entry), known, lambda _: EnvironmentState.READY, at("2026-05-01 09:30"))

    assert found.stale == stale
