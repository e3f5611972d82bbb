"""The metrics of `/metrics`, from what is told of an empty server."""

from datetime import UTC, datetime

from engine.model.histogram import Histogram
from engine.model.identity import ScriptId
from engine.model.observation import Observation, ProcessUse, RunCounts
from engine.model.run import RunStatus
from engine.model.status import Health
from tools.reference.table import table
from web.metrics.families import families

_START = datetime(2026, 1, 1, tzinfo=UTC)


def observation() -> Observation:
    """Return an observation of which every metric has something to say."""
    one = Histogram((1,))
    return Observation(
        health=Health(
            failing={"runner": "gone"},
            degraded={"watcher": "polls"},
            scripts=1,
            problems=0,
            queued=0,
            running=0,
            revision=None,
            limits={},
        ),
        unexpected=0,
        slots=2,
        runs=RunCounts(
            ended={},
            by_script={ScriptId("etl/load"): {RunStatus.SUCCESS: 1}},
            durations=one,
            waits=one,
            lateness=one,
            builds={},
        ),
        environments={},
        building=0,
        passes=one,
        passes_failed=0,
        changes=0,
        writes=one,
        writes_waiting=0,
        disk_free_bytes=1,
        disk_bytes=2,
        processes={
            "engine": ProcessUse(memory_bytes=1, cpu_seconds=1, open_files=1, started=_START)
        },
    )


def blocks() -> dict[str, str]:
    rows: list[tuple[str, str, str, str]] = []
    for one in families(observation(), version="1", python="3"):
        labels = sorted({name for sample in one.samples for name in sample.labels} - {"le"})
        name = f"{one.name}_total" if one.type == "counter" else one.name
        shown = ", ".join(f"`{label}`" for label in labels) or "none"
        rows.append((f"`{name}`", one.type, shown, one.documentation))
    return {"metrics": table(("metric", "type", "labels", "meaning"), rows)}
