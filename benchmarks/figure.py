"""What a figure is, what it aims at, and whether a measurement meets that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Against(StrEnum):
    """What the aim is a limit of."""

    VALUE = "value"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One promise; `name` is stable, so that results can be followed over time."""

    name: str
    title: str
    unit: str
    floor: str
    """What the floor is, in words."""
    limit: float
    against: Against = Against.VALUE
    at_least: bool = False
    """The aim is a lower bound, as of a throughput."""

    @property
    def aim(self) -> str:
        """The aim as it is printed, such as `≤ 1.25×`."""
        sign = "≥" if self.at_least else "≤"
        unit = "×" if self.against is Against.RATIO else f" {self.unit}"
        return f"{sign} {self.limit:g}{unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One figure as it was found, in the figure's unit."""

    figure: Figure
    value: float
    floor: float | None
    """None where the least is nothing at all."""
    samples: int

    @property
    def ratio(self) -> float | None:
        return self.value / self.floor if self.floor else None

    @property
    def met(self) -> bool:
        found = self.ratio if self.figure.against is Against.RATIO else self.value
        if found is None:
            return False
        return found >= self.figure.limit if self.figure.at_least else found <= self.figure.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where a benchmark works and how much of it is wanted."""

    directory: Path
    """Empty, and its own."""
    quick: bool = False
    """Few repetitions and small trees: shows that it works, not how fast."""

    def count(self, full: int, quick: int) -> int:
        return quick if self.quick else full


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Measures some figures together, because they come of the same runs."""

    name: str
    figures: Sequence[Figure]
    measure: Callable[[Bench], Sequence[Measured]]
