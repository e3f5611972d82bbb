"""What the HTTP API tells of runs taken together; the rules of `schemas.api` hold here too."""

from datetime import date, datetime

from pydantic import Field

from schemas.api import Shape


class Durations(Shape):
    """In milliseconds, of the runs that started, whatever became of them.

    Percentiles are up to 6.3 % off, and exact below 16 ms.
    """

    runs: int = Field(description="How many were measured")
    mean: float
    min: int
    max: int
    p50: int
    p90: int
    p95: int
    p99: int


class CpuTimes(Shape):
    """In milliseconds, of the runs that started; more than the duration with several cores."""

    total: int
    mean: float
    max: int


class PeakMemory(Shape):
    """In bytes, of whole process trees, of the runs that went on long enough to be measured."""

    runs: int = Field(description="How many were measured")
    mean: int = Field(description="Of the peaks of all")
    max: int


class Figures(Shape):
    """What some runs add up to."""

    runs: int = Field(description="All that ended, whatever became of them")
    succeeded: int = Field(description="`success`")
    failed: int = Field(
        description="`failed`, `timeout`, `out_of_memory`, `env_failed` and `interrupted`"
    )
    other: int = Field(
        description="`skipped`, `missed` and `cancelled`: neither successes nor failures"
    )
    success_rate: float | None = Field(
        description="Successes among successes and failures, 0 to 1; null without either",
        examples=[0.998],
    )
    by_status: dict[str, int] = Field(
        description="Without those of which there is none",
        examples=[{"success": 499, "failed": 1}],
    )
    duration_ms: Durations | None
    cpu_ms: CpuTimes | None
    peak_memory_bytes: PeakMemory | None


class GroupFigures(Figures):
    """Those of one script, or of one day."""

    script: str | None = Field(description="With `by=script`", examples=["api-calls/weather-api"])
    day: date | None = Field(description="With `by=day`, in UTC", examples=["2026-11-24"])


class Statistics(Shape):
    """Runs that ended in a span of whole days, in UTC."""

    since: datetime = Field(description="Where the first day begins")
    until: datetime = Field(description="Where the last day ends; not included")
    total: Figures | None = Field(description="Of all scripts; null on later pages")
    items: tuple[GroupFigures, ...] = Field(
        description="Scripts in order of id, or days, the oldest first; "
        "without those on which no run ended"
    )
    next_cursor: str | None
