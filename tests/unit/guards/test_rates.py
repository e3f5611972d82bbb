"""How often one caller may do a thing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from web.guards.rates import MOST_CALLERS, WINDOW, Rate

NOON = 1000 * WINDOW
"""The beginning of a minute."""


def taken(rate: Rate, times: list[float], caller: str = "ada") -> list[bool]:
    return [rate.take(caller, at) == 0 for at in times]


def test_so_many_are_let_through_and_the_next_is_not():
    assert taken(Rate(3), [NOON] * 4) == [True, True, True, False]


def test_callers_are_counted_apart():
    rate = Rate(1)
    rate.take("ada", NOON)

    assert (rate.take("ada", NOON) > 0, rate.take("bob", NOON)) == (True, 0)


def test_a_refusal_says_when_the_next_will_be_let_through():
    rate = Rate(3)
    taken(rate, [NOON] * 3)
    wait = rate.take("ada", NOON + 10)

    assert [rate.take("ada", NOON + 10 + wait - 2) > 0, rate.take("ada", NOON + 10 + wait)] == [
        True,
        0,
    ]


def test_a_new_minute_does_not_forget_the_one_before_at_once():
    rate = Rate(10)
    taken(rate, [NOON + 59.0] * 10)

    assert taken(rate, [NOON + 60.0, NOON + 61.0, NOON + 90.0]) == [False, False, True]


def test_what_is_refused_is_not_counted():
    rate = Rate(1)
    taken(rate, [NOON] * 50)

    assert rate.take("ada", NOON + 2 * WINDOW) == 0


def test_no_bound_lets_everything_through_and_remembers_nobody():
    rate = Rate(0)

    assert (all(taken(rate, [NOON] * 100)), len(rate)) == (True, 0)


def test_callers_without_end_take_no_memory_without_end():
    rate = Rate(5)
    for number in range(MOST_CALLERS + 500):
        rate.take(f"10.0.{number}", NOON)

    assert len(rate) == MOST_CALLERS


def test_who_asks_again_is_not_pushed_out_by_strangers():
    rate = Rate(1)
    rate.take("ada", NOON)
    for number in range(MOST_CALLERS - 1):
        rate.take(f"early {number}", NOON)
    rate.take("ada", NOON)
    rate.take("one more", NOON)

    assert rate.take("ada", NOON) > 0


@settings(max_examples=60)
@given(
    most=st.integers(1, 8),
    gaps=st.lists(st.floats(0, 40, allow_nan=False), min_size=1, max_size=60),
)
def test_what_is_promised_holds(most, gaps):
    rate, now = Rate(most), NOON
    for gap in gaps:
        now += gap
        wait = rate.take("ada", now)
        if wait:
            now += wait
            assert rate.take("ada", now) == 0


@settings(max_examples=60)
@given(
    most=st.integers(1, 8),
    gaps=st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=80),
)
def test_no_minute_of_the_clock_holds_more_than_the_bound(most, gaps):
    rate, now = Rate(most), NOON
    let: dict[int, int] = {}
    for gap in gaps:
        now += gap
        if not rate.take("ada", now):
            minute = int(now // WINDOW)
            let[minute] = let.get(minute, 0) + 1

    assert max(let.values(), default=0) <= most
