"""What the HTTP API tells of a run's use of the machine; see `schemas.api`."""

from datetime import datetime

from pydantic import Field

from schemas.api import Shape


class Sample(Shape):
    """What was measured of a run's whole process tree at one moment."""

    at: datetime
    cpu_ms: int = Field(description="Used since the start")
    cpu_cores: float | None = Field(
        description="In use on average since the sample before", examples=[0.97]
    )
    memory_bytes: int
    processes: int


class SampleList(Shape):
    """Oldest first; the longer a run goes, the further apart."""

    items: tuple[Sample, ...]
    next_cursor: None = None
