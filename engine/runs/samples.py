"""Read what the runner measured of a run over time, for the curves of one run."""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from engine.runner import protocol
from engine.runs import reports

_FIELDS = 4


class Sample(NamedTuple):
    at: datetime
    cpu_ms: int
    """Used since the start, by the whole process tree."""
    memory_bytes: int
    """Of the whole process tree."""
    processes: int


def samples(directory: Path) -> list[Sample]:
    """Return a run's samples, oldest first; none for a run that was too short for one.

    A line that is torn, because it is being written, is left out.
    """
    try:
        text = (directory / protocol.SAMPLES_NAME).read_bytes()
    except FileNotFoundError:
        return []
    whole = text[: text.rfind(b"\n") + 1]
    return [sample for line in whole.splitlines() if (sample := _sample(line)) is not None]


def _sample(line: bytes) -> Sample | None:
    fields = line.split()
    if len(fields) != _FIELDS or not all(field.isdigit() for field in fields):
        return None
    at_ns, cpu_ms, memory, processes = map(int, fields)
    return Sample(reports.moment(at_ns), cpu_ms, memory, processes)
