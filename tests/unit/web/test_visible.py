"""Text that others wrote, made harmless to look at."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.visible import visible, visible_json

HOSTILE = [
    ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
    ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
    ("\x9b2J", r"\x9b2J"),
    ("one\r\ntwo", r"one\x0d\x0atwo"),
    ("a\u202eb\u2066", r"a\u202eb\u2066"),
    ("a\u2028b", r"a\u2028b"),
    ("half \ud800", r"half \ud800"),
]


@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_what_a_terminal_obeys_is_shown_as_an_escape(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize("text", ["", "plain", "Grüße, 日本語 ✓", "a\tb", "{'a': 1}", "<b>&amp;"])
def test_all_other_text_stays_as_it_is(text):
    assert visible(text) == text


@given(st.text())
def test_a_line_of_json_means_the_same(text):
    line = visible_json(json.dumps({"message": text}, ensure_ascii=False))

    assert json.loads(line) == {"message": text}
    assert visible(line) == line
