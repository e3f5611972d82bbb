"""Figures of many runs in the shapes of the API."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from engine.model.statistics import DayFigures, Figures, ScriptFigures, StatisticsFilter
from engine.ports import Page
from schemas import api_statistics as api

DAY = timedelta(days=1)


def statistics_shape(
    which: StatisticsFilter, total: Figures | None, page: Page[api.GroupFigures]
) -> api.Statistics:
    return api.Statistics(
        since=_midnight(which.first),
        until=_midnight(which.last) + DAY,
        total=None if total is None else api.Figures(**_values(total)),
        items=tuple(page.items),
        next_cursor=page.next_cursor,
    )


def script_shape(found: ScriptFigures) -> api.GroupFigures:
    return api.GroupFigures(script=found.script, day=None, **_values(found.figures))


def day_shape(found: DayFigures) -> api.GroupFigures:
    return api.GroupFigures(script=None, day=found.day, **_values(found.figures))


def _values(figures: Figures) -> dict[str, Any]:
    return {
        "runs": figures.total,
        "succeeded": figures.succeeded,
        "failed": figures.failed,
        "other": figures.total - figures.succeeded - figures.failed,
        "success_rate": figures.success_rate,
        "by_status": {status.value: runs for status, runs in sorted(figures.runs.items())},
        "duration_ms": _durations(figures),
        "cpu_ms": _cpu(figures),
        "peak_memory_bytes": _memory(figures),
    }


def _durations(figures: Figures) -> api.Durations | None:
    if not figures.measured:
        return None
    p50, p90, p95, p99 = figures.percentiles_ms(50, 90, 95, 99)
    return api.Durations(
        runs=figures.measured,
        mean=round(figures.duration_ms / figures.measured, 1),
        min=figures.shortest_ms or 0,
        max=figures.longest_ms or 0,
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99,
    )


def _cpu(figures: Figures) -> api.CpuTimes | None:
    if not figures.measured:
        return None
    mean = round(figures.cpu_ms / figures.measured, 1)
    return api.CpuTimes(total=figures.cpu_ms, mean=mean, max=figures.most_cpu_ms or 0)


def _memory(figures: Figures) -> api.PeakMemory | None:
    if not figures.memory_runs:
        return None
    return api.PeakMemory(
        runs=figures.memory_runs,
        mean=round(figures.memory_bytes / figures.memory_runs),
        max=figures.most_memory_bytes or 0,
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
