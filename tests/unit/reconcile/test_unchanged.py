from dataclasses import replace

from engine.model.environment import EnvironmentRequest
from engine.model.identity import EnvironmentKey
from engine.reconcile.unchanged import is_due, is_unchanged, slices
from tests.fakes.world import a_script, an_entry, applied, at

NOW = at("2026-05-01 09:30")
ENTRY = an_entry(a_script())
IN_FORCE = applied(a_script(), environment=EnvironmentKey("e1"))


def e1(_: EnvironmentRequest) -> EnvironmentKey:
    return EnvironmentKey("e1")


def test_a_script_that_was_planned_for_this_very_entry_is_unchanged():
    assert is_unchanged(ENTRY, ENTRY, IN_FORCE, e1)


def test_an_equal_entry_of_another_scan_is_looked_at():
    assert not is_unchanged(replace(ENTRY), ENTRY, IN_FORCE, e1)


def test_a_script_that_is_gone_is_looked_at():
    assert not is_unchanged(None, None, IN_FORCE, e1)


def test_a_script_that_is_not_in_force_is_looked_at():
    assert not is_unchanged(ENTRY, ENTRY, None, e1)


def test_a_script_without_a_definition_needs_no_environment():
    assert is_unchanged(ENTRY, ENTRY, replace(IN_FORCE, script=None), lambda _: None)


def test_a_script_that_has_had_no_environment_is_looked_at():
    assert not is_unchanged(ENTRY, ENTRY, replace(IN_FORCE, environment=None), lambda _: None)


def test_a_script_whose_environment_vanished_is_looked_at():
    assert not is_unchanged(ENTRY, ENTRY, IN_FORCE, lambda _: None)


def test_a_script_whose_environment_was_built_anew_is_looked_at():
    assert not is_unchanged(ENTRY, ENTRY, IN_FORCE, lambda _: EnvironmentKey("e2"))


def test_what_is_woken_now_or_before_is_due():
    moments = (None, at("2026-05-01 09:29"), NOW, at("2026-05-01 09:31"))

    assert [is_due(moment, NOW) for moment in moments] == [False, True, True, False]


def test_slices_hold_all_in_order():
    assert list(slices(range(5), 2)) == [[0, 1], [2, 3], [4]]
