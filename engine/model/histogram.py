"""Count values by size, for whoever watches from outside and adds up what many servers say."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate


class Histogram:
    """How many values were up to each bound, and their sum; the values themselves are not kept."""

    __slots__ = ("_counts", "bounds", "total")

    def __init__(self, bounds: Iterable[float]) -> None:
        """`bounds` rise; a value that is none of them larger counts for the rest."""
        self.bounds = tuple(bounds)
        self._counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0
        """The sum of all values."""

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def count(self) -> int:
        return sum(self._counts)

    @property
    def cumulated(self) -> Sequence[int]:
        """Return how many values were up to each bound, and at last how many there were."""
        return list(accumulate(self._counts))

    def copy(self) -> "Histogram":
        """Return what it holds now, to be read while it goes on counting."""
        made = Histogram(self.bounds)
        made._counts = self._counts.copy()
        made.total = self.total
        return made
