"""What runs add up to: counts, success rate, durations, CPU and memory.

Sums are kept in ranges of durations instead of single runs, so percentiles cost the same
for ten runs and for ten million. The price is exactness: see `Figures.percentiles_ms`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from engine.errors import InvalidInput
from engine.model.durations import middle
from engine.model.identity import ScriptId
from engine.model.run import FAILURES, RunStatus

USUAL_DAYS = 30
MOST_DAYS = 3_660
"""Ten years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What some runs add up to."""

    runs: Mapping[RunStatus, int] = field(default_factory=dict[RunStatus, int])
    """By status, without those of which there is none."""
    measured: int = 0
    """Runs that started and whose duration is known, whatever became of them."""
    duration_ms: int = 0
    """All of theirs together."""
    shortest_ms: int | None = None
    longest_ms: int | None = None
    cpu_ms: int = 0
    most_cpu_ms: int | None = None
    memory_runs: int = 0
    """Runs that went on long enough for their memory to be measured."""
    memory_bytes: int = 0
    """The sum of their peaks."""
    most_memory_bytes: int | None = None
    by_range: Mapping[int, int] = field(default_factory=dict[int, int])
    """Measured runs by the number of the range that their duration is in."""

    @property
    def total(self) -> int:
        return sum(self.runs.values())

    @property
    def succeeded(self) -> int:
        return self.runs.get(RunStatus.SUCCESS, 0)

    @property
    def failed(self) -> int:
        """Runs that were to do their work and did not: those of FAILURES."""
        return sum(count for status, count in self.runs.items() if status in FAILURES)

    @property
    def success_rate(self) -> float | None:
        """Return successes among successes and failures, from 0 to 1; None without either.

        Runs that were skipped, missed or cancelled are neither: nobody learns from them
        whether the script works.
        """
        judged = self.succeeded + self.failed
        return self.succeeded / judged if judged else None

    def percentiles_ms(self, *percents: int) -> tuple[int, ...]:
        """Return the durations that so many percent of the measured runs did not exceed.

        To be asked for in rising order; none if no run was measured. The nearest rank, and
        of its range the middle: up to 6.25 % off the exact one, and exact below 16 ms (see
        `durations`). Never beyond the shortest and the longest run.
        """
        if self.shortest_ms is None or self.longest_ms is None:
            return ()
        counts = sorted(self.by_range.items())
        found: list[int] = []
        seen = at = 0
        for percent in percents:
            rank = max(-(-self.measured * percent // 100), 1)
            while seen < rank:
                seen += counts[at][1]
                at += 1
            found.append(min(max(middle(counts[at - 1][0]), self.shortest_ms), self.longest_ms))
        return tuple(found)


def days_between(
    since: datetime | None, until: datetime | None, now: datetime
) -> tuple[date, date]:
    """Return the first and the last day, in UTC, that hold a part of the time between.

    `until` is not included, so midnight ends the day before; None is now. Without `since`
    it is USUAL_DAYS. Raises InvalidInput for a time that is empty or longer than MOST_DAYS.
    """
    end = (until or now).astimezone(UTC)
    last = end.toordinal() - (until is not None and end.time() == time.min)
    last = min(last, date.max.toordinal() - 1)
    first = max(last - USUAL_DAYS + 1, 1) if since is None else since.astimezone(UTC).toordinal()
    if last < first or (since is not None and until is not None and since >= until):
        raise InvalidInput(f"no time ends at {end.isoformat()} and begins later: exchange the two")
    if last - first >= MOST_DAYS:
        raise InvalidInput(f"statistics are told of at most {MOST_DAYS} days at once")
    return date.fromordinal(first), date.fromordinal(last)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsFilter:
    """Which runs are added up: those that ended on the days from `first` to `last`, in UTC."""

    first: date
    last: date
    script: ScriptId | None = None
    folder: str | None = None
    """And those below it."""
    patterns: tuple[str, ...] = ()
    """As `covers` reads them; empty means all."""

    @property
    def narrow(self) -> bool:
        """Whether some scripts are left out."""
        return self.script is not None or bool(self.folder or self.patterns)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptFigures:
    script: ScriptId
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    day: date
    figures: Figures
