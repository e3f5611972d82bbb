"""How a search is asked of the index."""

import pytest

from engine.errors import InvalidInput
from engine.store.words import INDEXED, MOST_WORDS, Search, contains_all, indexed_part, search_for


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("refused", Search('"refused"', ())),
        ("two words", Search('"two" AND "words"', ())),
        ("conn*", Search('"conn"*', ())),
        ("foo-bar", Search('"foo" AND "bar"', ("foo-bar",))),
        ("Foo-Ba*", Search('"Foo" AND "Ba"*', ("foo-ba",))),
        ('"quoted"', Search('"quoted"', ('"quoted"',))),
        ("snake_case", Search('"snake" AND "case"', ("snake_case",))),
        ("ok ---", Search('"ok"', ("---",))),
        ("größe", Search('"größe"', ())),
    ],
)
def test_words_become_terms_and_what_the_index_cannot_tell(typed: str, expected: Search):
    assert search_for(typed) == expected


@pytest.mark.parametrize("typed", ["", " ", "*", '"', "-- **", "NEAR(", "\0"])
def test_nothing_typed_can_be_taken_for_an_operator(typed: str):
    try:
        expression = search_for(typed).expression
    except InvalidInput:
        return
    assert expression == '"NEAR"'


def test_too_many_words_are_refused():
    with pytest.raises(InvalidInput, match="too many"):
        search_for("word " * (MOST_WORDS + 1))


def test_literals_are_compared_without_case():
    assert contains_all("An Äpfel-Tree", ("äpfel-tree",))


def test_a_short_text_is_indexed_whole():
    assert indexed_part("x" * 2 * INDEXED) == "x" * 2 * INDEXED


def test_of_a_long_text_the_beginning_and_the_end_are_indexed():
    part = indexed_part("first " + "x" * 3 * INDEXED + " last")

    assert (part[:6], part[-5:], len(part)) == ("first ", " last", 2 * INDEXED + 1)
