"""The cores in use, made of the CPU time that samples count."""

from datetime import UTC, datetime, timedelta

from engine.runs.samples import Sample, curve

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


def sample(seconds: float, cpu_ms: int) -> Sample:
    return Sample(START + timedelta(seconds=seconds), cpu_ms, 4096, 2)


def cores(*samples: Sample, started_at: datetime | None = START) -> list[float | None]:
    return [point.cpu_cores for point in curve(samples, started_at)]


def test_cores_are_those_since_the_sample_before_and_first_since_the_start():
    assert cores(sample(1, 500), sample(3, 4500)) == [0.5, 2.0]


def test_without_a_start_the_first_is_not_known():
    assert cores(sample(1, 500), sample(2, 500), started_at=None) == [None, 0.0]


def test_a_clock_that_was_set_back_gives_none():
    assert cores(sample(2, 500), sample(1, 900), sample(2, 1400)) == [0.25, None, 0.5]


def test_everything_else_stays_as_it_was_measured():
    (point,) = curve([sample(1, 500)], START)

    assert (point.at, point.cpu_ms, point.memory_bytes, point.processes) == (
        START + timedelta(seconds=1),
        500,
        4096,
        2,
    )
