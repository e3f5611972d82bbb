"""The ranges in which durations are counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.durations import LARGEST_ERROR, beginning, middle, range_of

LONGEST = (1 << 37) - 1


@given(duration=st.integers(0, LONGEST))
def test_a_duration_is_in_its_range(duration: int):
    number = range_of(duration)

    assert beginning(number) <= duration < beginning(number + 1)


@given(duration=st.integers(0, LONGEST))
def test_the_middle_of_a_range_is_near_to_all_in_it(duration: int):
    assert abs(middle(range_of(duration)) - duration) <= LARGEST_ERROR * duration


def test_short_durations_have_a_range_each():
    assert [middle(range_of(duration)) for duration in range(16)] == list(range(16))


def test_ranges_follow_one_another():
    assert [range_of(beginning(number)) for number in range(280)] == list(range(280))


@pytest.mark.parametrize(("duration", "same_as"), [(-5, 0), (LONGEST * 9, LONGEST)])
def test_what_no_run_takes_is_in_the_outermost_ranges(duration: int, same_as: int):
    assert range_of(duration) == range_of(same_as)
