"""Which text may name something below a directory of the tree."""

import os.path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.tree.inner_path import LONGEST_PATH, LONGEST_SEGMENT, inner_path

TRICKS = ["..", ".", "", "/", "\\", ".git", ".GIT", "git~1", ".venv", "a", "\0", "\u200c", " ", ":"]


@pytest.mark.parametrize("text", ["main.py", "data/näh.csv", ".gitignore", "a b/c", "..a", "x:y"])
def test_a_plain_path_is_read_name_by_name(text):
    assert "/".join(inner_path(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "/etc/passwd", "//a", "a//b", "a/", ".", "..", "a/../b", "a/..", "..\\b", "a\\b",
        "C:\\a", "a\0", "a\n", "\x7f", "a\u200b", "a\u2028", "a\ud800", "a.", "a ", ".. ", "...",
        ".git", ".git/config", "a/.GIT/x", ".Git", "git~1", "GIT~2/x", ".git.", ".git ",
        ".g\u200cit", "\uff0egit", ".git:x", ".git::$INDEX_ALLOCATION", ".git :x", ".venv",
        ".VENV/bin/python",
    ],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_somewhere_is_refused(text):
    with pytest.raises(InvalidInput):
        inner_path(text)


@pytest.mark.parametrize(
    "text", ["a" * (LONGEST_SEGMENT + 1), "é" * LONGEST_SEGMENT, "a/" * LONGEST_PATH + "a"]
)
def test_a_name_or_path_too_long_for_the_system_is_refused(text):
    with pytest.raises(InvalidInput):
        inner_path(text)


@settings(max_examples=150)
@given(st.lists(st.sampled_from(TRICKS) | st.text(max_size=4), max_size=6).map("".join))
def test_what_is_accepted_stays_inside_and_names_what_it_says(text):
    try:
        names = inner_path(text)
    except InvalidInput:
        return

    assert (os.path.normpath(f"/root/{text}"), ".git" in text.lower().split("/")) == (
        "/root/" + "/".join(names),
        False,
    )
