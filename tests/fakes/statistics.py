"""Statistics in memory, made anew from the runs at each question."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, date
from typing import TypeVar

from engine.model.account import covers
from engine.model.durations import beginning
from engine.model.run import Run
from engine.model.statistics import (
    DayFigures,
    Figures,
    ScriptFigures,
    StatisticsFilter,
)
from engine.ports import Page

T = TypeVar("T")


class FakeStatistics:
    """`ended` are the runs that ended, each once."""

    def __init__(self) -> None:
        self.ended: list[Run] = []

    def total(self, which: StatisticsFilter) -> Figures:
        return figures_of([run for run in self.ended if lets_through(which, run)])

    def by_day(self, which: StatisticsFilter) -> Sequence[DayFigures]:
        found = self._by(which, day_of)
        return [DayFigures(day=day, figures=figures_of(found[day])) for day in sorted(found)]

    def by_script(
        self, which: StatisticsFilter, *, limit: int, cursor: str | None = None
    ) -> Page[ScriptFigures]:
        found = self._by(which, lambda run: run.script)
        names = [name for name in sorted(found) if cursor is None or name > cursor]
        items = [
            ScriptFigures(script=name, figures=figures_of(found[name])) for name in names[:limit]
        ]
        return Page(items=items, next_cursor=names[limit - 1] if len(names) > limit else None)

    def _by(self, which: StatisticsFilter, key: Callable[[Run], T]) -> dict[T, list[Run]]:
        found: defaultdict[T, list[Run]] = defaultdict(list)
        for run in self.ended:
            if lets_through(which, run):
                found[key(run)].append(run)
        return found


def lets_through(which: StatisticsFilter, run: Run) -> bool:
    return (
        which.first <= day_of(run) <= which.last
        and which.script in (None, run.script)
        and (not which.folder or run.script.startswith(f"{which.folder}/"))
        and covers(which.patterns, run.script)
    )


def day_of(run: Run) -> date:
    return (run.finished_at or run.queued_at).astimezone(UTC).date()


def figures_of(runs: Sequence[Run]) -> Figures:
    measured = [run for run in runs if run.started_at and run.duration_ms is not None]
    durations = [run.duration_ms or 0 for run in measured]
    cpu = [run.cpu_ms or 0 for run in measured]
    memory = [run.peak_memory_bytes for run in measured if run.peak_memory_bytes]
    return Figures(
        runs=dict(Counter(run.status for run in runs)),
        measured=len(measured),
        duration_ms=sum(durations),
        shortest_ms=min(durations, default=None),
        longest_ms=max(durations, default=None),
        cpu_ms=sum(cpu),
        most_cpu_ms=max(cpu, default=None),
        memory_runs=len(memory),
        memory_bytes=sum(memory),
        most_memory_bytes=max(memory, default=None),
        by_range=dict(Counter(map(range_of, durations))),
    )


def range_of(duration: int) -> int:
    """Return the number of the range of a duration, by walking through all of them."""
    number = 0
    while beginning(number + 1) <= duration:
        number += 1
    return number
