"""An event that many connections send is put into words once."""

from collections.abc import Callable
from functools import cached_property


class Told:
    """Its words are made when the first connection sends it."""

    def __init__(self, words: Callable[[], str]) -> None:
        self._words = words

    @cached_property
    def text(self) -> str:
        return self._words()
