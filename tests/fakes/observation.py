"""What an engine measured of itself, with only the facts a test names."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from engine.model.environment import EnvironmentState
from engine.model.histogram import Histogram
from engine.model.identity import ScriptId
from engine.model.observation import Observation, ProcessUse, RunCounts
from engine.model.run import RunStatus
from engine.model.status import Health

STARTED = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)


def a_histogram(*values: float) -> Histogram:
    made = Histogram((0.1, 1, 10))
    for value in values:
        made.observe(value)
    return made


def some_counts(**values: Any) -> RunCounts:
    counts = RunCounts(
        ended={RunStatus.SUCCESS: 3},
        by_script={ScriptId("etl/load"): {RunStatus.SUCCESS: 3}},
        durations=a_histogram(0.05, 5, 50),
        waits=a_histogram(),
        lateness=a_histogram(0.2),
        builds={"ready": 1},
    )
    return replace(counts, **values)


def an_observation(**values: Any) -> Observation:
    observation = Observation(
        health=Health(
            failing={},
            degraded={},
            scripts=1,
            problems=0,
            queued=2,
            running=1,
            revision=None,
            limits={},
        ),
        unexpected=0,
        slots=4,
        runs=some_counts(),
        environments={EnvironmentState.READY: 1},
        building=0,
        passes=a_histogram(0.5),
        passes_failed=0,
        changes=1,
        writes=a_histogram(0.001),
        writes_waiting=0,
        disk_free_bytes=1_000,
        disk_bytes=2_000,
        processes={
            "engine": ProcessUse(memory_bytes=1, cpu_seconds=1.5, open_files=9, started=STARTED)
        },
    )
    return replace(observation, **values)
