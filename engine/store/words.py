"""Which words of an output are indexed, and how a search is asked of the index.

The index holds whole words and for each the runs it occurs in, not where; it is a
third of the size of one with positions. So "foo-bar" is asked for as foo AND bar,
and the text itself tells afterwards whether they stand together.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import InvalidInput

INDEXED = 256 * 1024
"""Characters at the start, and as many at the end, that can be found."""

MOST_WORDS = 20

_PREFIX = "*"


@dataclass(frozen=True, slots=True)
class Search:
    expression: str
    """For FTS5's MATCH."""
    literals: tuple[str, ...]
    """Case-folded pieces that the text must contain because the index alone cannot tell."""


def indexed_part(text: str) -> str:
    """Return the part of a text that can be searched: all, or the beginning and the end."""
    if len(text) <= 2 * INDEXED:
        return text
    return f"{text[:INDEXED]}\n{text[-INDEXED:]}"


def search_for(words: str) -> Search:
    """Read what the user typed: all words must occur; a trailing `*` asks for a beginning.

    Raises InvalidInput when there is no letter or digit, or more than 20 words.
    """
    terms: list[str] = []
    literals: list[str] = []
    for word in words.split():
        beginning = word.endswith(_PREFIX)
        tokens = _tokens(word)
        terms += [f'"{token}"' for token in tokens]
        if tokens and beginning:
            terms[-1] += _PREFIX
        plain = word.rstrip(_PREFIX)
        if tokens != [plain]:
            literals.append(plain.casefold())
    if not terms:
        raise InvalidInput(f"search for {words[:60]!r}: it needs at least one letter or digit")
    if len(terms) > MOST_WORDS:
        raise InvalidInput(f"search: {len(terms)} words are too many, use {MOST_WORDS} at most")
    return Search(" AND ".join(terms), tuple(literals))


def contains_all(text: str, literals: Sequence[str]) -> bool:
    folded = text.casefold()
    return all(literal in folded for literal in literals)


def _tokens(word: str) -> list[str]:
    """Split as FTS5's unicode61 does: letters, numbers and private use make a word."""
    spaced = "".join(letter if _in_word(letter) else " " for letter in word)
    return spaced.split()


def _in_word(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category[0] in "LN" or category == "Co"
