from dataclasses import replace

import pytest

from engine.model.identity import ScriptId
from engine.model.plan import CreateScript, DeleteScript, FieldChange, MarkScript, UpdateScript
from engine.model.tree import Entry, Problem, Severity
from engine.ports import InForce
from engine.reconcile.difference import apply_action, script_action
from tests.fakes.world import a_broken_entry, a_script, an_entry, applied, cron

SCRIPT = a_script(cron("0 * * * *"))
ENTRY = an_entry(SCRIPT)


def never_valid() -> InForce:
    """Return a script that has been broken since it was first seen."""
    broken = a_broken_entry()
    return InForce(
        id=broken.id,
        signature=broken.signature,
        digest=broken.digest,
        script=None,
        problems=broken.problems,
    )


def test_what_is_neither_there_nor_in_force_needs_nothing():
    assert script_action(None, None) is None


def test_what_is_gone_is_deleted():
    assert script_action(None, applied(SCRIPT)) == DeleteScript(id=SCRIPT.id)


def test_what_is_new_is_created():
    assert script_action(ENTRY, None) == CreateScript(entry=ENTRY)


def test_what_was_never_valid_is_created_once_it_is():
    assert script_action(ENTRY, never_valid()) == CreateScript(entry=ENTRY)


def test_what_is_in_force_as_its_files_say_needs_nothing():
    assert script_action(ENTRY, applied(SCRIPT)) is None


def test_a_changed_definition_is_an_update_that_names_the_fields():
    after = an_entry(replace(SCRIPT, main="other.py"))

    assert script_action(after, applied(SCRIPT)) == UpdateScript(
        entry=after, before=SCRIPT, changes=(FieldChange("main", "daily.py", "other.py"),)
    )


def test_changed_files_beside_the_manifest_are_an_update_without_fields():
    after = an_entry(SCRIPT, digest="d2")

    assert script_action(after, applied(SCRIPT)) == UpdateScript(entry=after, before=SCRIPT)


def test_a_new_warning_is_an_update():
    warning = Problem(path="a", severity=Severity.WARNING, code="w", message="look here")
    after = replace(ENTRY, problems=(warning,))

    assert script_action(after, applied(SCRIPT)) == UpdateScript(entry=after, before=SCRIPT)


def test_changed_stat_data_alone_are_no_difference():
    assert script_action(replace(ENTRY, signature="touched"), applied(SCRIPT)) is None


@pytest.mark.parametrize("in_force", [None, applied(SCRIPT)], ids=["new", "known"])
def test_a_broken_script_is_marked(in_force: InForce | None):
    assert script_action(a_broken_entry(), in_force) == MarkScript(entry=a_broken_entry())


def test_a_broken_script_is_marked_once():
    marked = apply_action(MarkScript(entry=a_broken_entry()), applied(SCRIPT))

    assert script_action(a_broken_entry(), marked) is None


def test_another_mistake_in_the_same_script_is_marked_again():
    marked = apply_action(MarkScript(entry=a_broken_entry()), applied(SCRIPT))
    other = a_broken_entry(digest="other")

    assert script_action(other, marked) == MarkScript(entry=other)


def test_no_action_leaves_what_is_in_force():
    in_force = applied(SCRIPT)

    assert apply_action(None, in_force) is in_force


def test_a_deletion_leaves_nothing():
    assert apply_action(DeleteScript(id=SCRIPT.id), applied(SCRIPT)) is None


def test_an_update_keeps_what_is_known_of_triggers_and_the_environment():
    before = applied(SCRIPT, last_due="2026-05-01 08:00", environment="e1", files={"k": {"p": "1"}})
    after = an_entry(replace(SCRIPT, main="other.py"), digest="d2")

    applied_now = apply_action(UpdateScript(entry=after, before=SCRIPT), before)

    assert applied_now == replace(
        before, script=after.script, digest="d2", signature=after.signature
    )


def test_a_mark_keeps_the_last_good_definition_and_shows_the_mistake():
    broken = a_broken_entry()

    marked = apply_action(MarkScript(entry=broken), applied(SCRIPT))

    assert marked is not None
    assert (marked.script, marked.problems) == (SCRIPT, broken.problems)


@pytest.mark.parametrize("entry", [ENTRY, a_broken_entry()], ids=["good", "broken"])
def test_applying_the_action_leaves_no_other(entry: Entry):
    in_force = apply_action(script_action(entry, None), None)

    assert script_action(entry, in_force) is None


def test_an_action_names_its_script():
    ids = {
        action.id
        for action in (
            CreateScript(entry=ENTRY),
            UpdateScript(entry=ENTRY, before=None),
            MarkScript(entry=ENTRY),
            DeleteScript(id=ENTRY.id),
        )
    }

    assert ids == {ScriptId("reports/daily")}
