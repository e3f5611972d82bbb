from hypothesis import given
from hypothesis import strategies as st

from engine.model.identity import ScriptId
from engine.tree.prune import Pruning, guard


def scripts(count: int, start: int = 0) -> frozenset[ScriptId]:
    return frozenset(ScriptId(f"s{number}") for number in range(start, start + count))


def test_an_empty_tree_removes_nothing() -> None:
    assert guard(scripts(3), ()).removable == frozenset()


def test_an_empty_tree_is_refused() -> None:
    assert guard(scripts(1), ()).pruning is Pruning.REFUSED


def test_an_empty_tree_where_nothing_was_in_force_is_fine() -> None:
    assert guard((), ()).pruning is Pruning.ALLOWED


def test_a_single_removal_is_allowed() -> None:
    assert guard(scripts(3), scripts(2)).removable == {"s2"}


def test_five_of_six_may_go() -> None:
    assert guard(scripts(6), scripts(1)).pruning is Pruning.ALLOWED


def test_six_of_ten_wait_for_a_confirmation() -> None:
    assert guard(scripts(10), scripts(4)).pruning is Pruning.HELD


def test_what_waits_is_not_removed() -> None:
    assert guard(scripts(10), scripts(4)).removable == frozenset()


def test_six_of_twelve_are_not_more_than_half() -> None:
    assert guard(scripts(12), scripts(6)).pruning is Pruning.ALLOWED


def test_new_scripts_do_not_make_up_for_those_that_are_gone() -> None:
    assert guard(scripts(10), scripts(100, start=10)).pruning is Pruning.HELD


def test_a_held_verdict_says_how_to_confirm_it() -> None:
    assert "pysched plan --confirm" in (guard(scripts(10), scripts(2)).reason or "")


@given(st.sets(st.integers(0, 20)), st.sets(st.integers(0, 20)))
def test_only_scripts_in_force_and_not_found_are_ever_removed(old: set[int], new: set[int]) -> None:
    in_force = {ScriptId(str(number)) for number in old}
    found = {ScriptId(str(number)) for number in new}

    assert guard(in_force, found).removable <= in_force - found
