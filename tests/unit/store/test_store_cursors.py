"""Cursors: opaque to callers, checked when they come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.store.cursors import cursor, placed, placed_number


@given(st.integers(0, 2**63 - 1), st.text(max_size=30))
def test_a_cursor_says_where_it_was_made(place: int, tie: str):
    tie = tie.encode(errors="replace").decode()

    assert placed("occurrences", cursor("occurrences", place, tie)) == (place, tie)


@given(st.text(alphabet="rfo0123456789abcdef.=-_MQé ", max_size=40))
def test_whatever_comes_in_is_read_or_refused(text: str):
    try:
        place, tie = placed_number("runs", text)
    except InvalidInput:
        return
    assert 0 <= place < 2**63
    assert 0 <= tie < 2**63


@pytest.mark.parametrize("tie", ["x", "", "-1", "¹", "9" * 19, "9" * 5000])
def test_a_tie_that_is_no_number_of_the_database_is_refused(tie: str):
    with pytest.raises(InvalidInput, match="cursor"):
        placed_number("runs", cursor("runs", 1, tie))


def test_a_cursor_of_another_list_is_refused():
    with pytest.raises(InvalidInput, match="next_cursor"):
        placed("runs", cursor("found", 1))
