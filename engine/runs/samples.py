"""Read what the runner measured of a run over time, for the curves of one run."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from engine.model.status import RunSample
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


def curve(found: Sequence[Sample], started_at: datetime | None) -> list[RunSample]:
    """Return samples with the cores in use between each and the one before, or the start."""
    before, used = started_at, 0
    points: list[RunSample] = []
    for sample in found:
        points.append(
            RunSample(
                at=sample.at,
                cpu_ms=sample.cpu_ms,
                cpu_cores=_cores(sample.at, before, sample.cpu_ms - used),
                memory_bytes=sample.memory_bytes,
                processes=sample.processes,
            )
        )
        before, used = sample.at, sample.cpu_ms
    return points


def _cores(at: datetime, before: datetime | None, cpu_ms: int) -> float | None:
    """Return the average; None where the wall clock was set back, or nothing is known before."""
    elapsed = (at - before).total_seconds() if before is not None else 0.0
    return round(max(0, cpu_ms) / 1000 / elapsed, 3) if elapsed > 0 else None


def _sample(line: bytes) -> Sample | None:
    fields = line.split()
    if len(fields) != _FIELDS or not all(field.isdigit() for field in fields):
        return None
    at_ns, cpu_ms, memory, processes = map(int, fields)
    return Sample(reports.moment(at_ns), cpu_ms, memory, processes)
