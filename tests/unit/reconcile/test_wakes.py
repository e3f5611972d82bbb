from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.identity import ScriptId
from engine.reconcile.wakes import Wakes
from tests.fakes.world import at

NOW = at("2026-05-01 09:30")
A, B = ScriptId("a"), ScriptId("b")


def later(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_nothing_is_due_where_nothing_was_set():
    assert (list(Wakes().due(NOW)), Wakes().next) == ([], None)


def test_the_earliest_is_the_next():
    wakes = Wakes()
    wakes.set(A, later(2))
    wakes.set(B, later(1))

    assert wakes.next == later(1)


def test_what_is_due_is_given_out_once_earliest_first():
    wakes = Wakes()
    wakes.set(A, later(2))
    wakes.set(B, later(1))

    assert (list(wakes.due(later(2))), list(wakes.due(later(2)))) == ([B, A], [])


def test_what_is_not_due_stays():
    wakes = Wakes()
    wakes.set(A, later(2))

    assert (list(wakes.due(later(1))), wakes.of(A)) == ([], later(2))


def test_setting_again_replaces():
    wakes = Wakes()
    wakes.set(A, later(1))
    wakes.set(A, later(5))

    assert (list(wakes.due(later(4))), wakes.next) == ([], later(5))


def test_setting_back_to_an_earlier_wish_wakes_once():
    wakes = Wakes()
    for minutes in (1, 5, 1):
        wakes.set(A, later(minutes))

    assert list(wakes.due(later(9))) == [A]


def test_a_script_may_be_forgotten():
    wakes = Wakes()
    wakes.set(A, later(1))
    wakes.set(A, None)
    wakes.set(B, None)

    assert (wakes.next, list(wakes.due(later(9)))) == (None, [])


def test_old_wishes_do_not_pile_up():
    wakes = Wakes()
    for minutes in range(10_000):
        wakes.set(A, later(minutes))

    assert len(wakes._heap) < 100  # pyright: ignore[reportPrivateUsage]


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.one_of(st.none(), st.integers(0, 20)),
            st.one_of(st.none(), st.integers(0, 20)),
        )
    )
)
def test_wakes_are_a_dict_that_is_asked_for_what_is_due(
    steps: list[tuple[str, int | None, int | None]],
):
    wakes, model = Wakes(), dict[ScriptId, datetime]()
    for name, minutes, look in steps:
        script = ScriptId(name)
        wakes.set(script, None if minutes is None else later(minutes))
        model.pop(script, None)
        if minutes is not None:
            model[script] = later(minutes)
        if look is not None:
            due = {each for each, moment in model.items() if moment <= later(look)}
            assert set(wakes.due(later(look))) == due
            model = {each: moment for each, moment in model.items() if each not in due}
        assert wakes.next == min(model.values(), default=None)
