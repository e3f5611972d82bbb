"""Entity tags and preconditions, as RFC 9110 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.model.file import ALWAYS, Precondition, entity_tags, etag_of

TAG, OTHER = etag_of(b"a"), etag_of(b"b")


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_tags_are_equal_for_equal_contents_alone(one, two):
    assert (etag_of(one) == etag_of(two)) == (one == two)


@pytest.mark.parametrize(
    ("precondition", "current", "allowed"),
    [
        (ALWAYS, None, True),
        (ALWAYS, TAG, True),
        (Precondition(match=(TAG,)), TAG, True),
        (Precondition(match=(OTHER, TAG)), TAG, True),
        (Precondition(match=(OTHER,)), TAG, False),
        (Precondition(match=(TAG,)), None, False),
        (Precondition(match=("*",)), TAG, True),
        (Precondition(match=("*",)), None, False),
        (Precondition(none_match=("*",)), None, True),
        (Precondition(none_match=("*",)), TAG, False),
        (Precondition(none_match=(TAG,)), TAG, False),
        (Precondition(none_match=(OTHER,)), TAG, True),
        (Precondition(match=(TAG,), none_match=(TAG,)), TAG, False),
    ],
)
def test_an_edit_is_allowed_on_the_version_that_is_meant(precondition, current, allowed):
    assert precondition.allows(current) is allowed


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        (None, None),
        ("*", ("*",)),
        (f" {TAG} ", (TAG,)),
        (f'{TAG},  W/"x"', (TAG, 'W/"x"')),
        ('""', ('""',)),
    ],
)
def test_tags_are_read_as_they_are_written(header, tags):
    assert entity_tags(header) == tags


@pytest.mark.parametrize("header", ["", "abc", '"a', '"a" "b"', "*, *", '"a",', "\x00", '"\x00"'])
def test_what_names_no_version_is_refused_and_not_left_out(header):
    with pytest.raises(InvalidInput, match="ETag"):
        entity_tags(header)
