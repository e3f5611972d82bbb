"""Which metrics there are, and what they say of an observation.

Names follow Prometheus' conventions: `pysched_`, base units, `_total` for counters. There is
one time series for each label value known beforehand, also before anything of it happened,
so that a rate has where to begin; only `metrics.per_script` adds one for each script.
"""

from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from engine.model.environment import EnvironmentState
from engine.model.histogram import Histogram
from engine.model.observation import Observation, ProcessUse
from engine.model.run import RunStatus

FINAL = tuple(status for status in RunStatus if status.final)


def families(found: Observation, *, version: str, python: str) -> Iterator[Metric]:
    """Yield every metric with its values."""
    yield _labelled(
        GaugeMetricFamily,
        "pysched_build",
        "Always 1; which program this is.",
        ("version", "python"),
        {(version, python): 1},
        suffix="_info",
    )
    yield from _health(found)
    yield from _runs(found)
    yield from _tree(found)
    yield from _machine(found)


def _health(found: Observation) -> Iterator[Metric]:
    health = found.health
    yield GaugeMetricFamily(
        "pysched_healthy",
        "1 if every part does its work, 0 if not.",
        value=0 if health.failing else 1,
    )
    yield CounterMetricFamily(
        "pysched_unexpected_failures",
        "Mistakes of this program that it met; the log has the trace of each.",
        value=found.unexpected,
    )
    for name, parts, words in (
        ("pysched_failing", health.failing, "1 for each part that does not work."),
        ("pysched_degraded", health.degraded, "1 for each part that works in a lesser way."),
    ):
        values = {(part,): 1 for part in sorted(parts)}
        yield _labelled(GaugeMetricFamily, name, words, ("part",), values)


def _runs(found: Observation) -> Iterator[Metric]:
    runs = found.runs
    yield _labelled(
        CounterMetricFamily,
        "pysched_runs",
        "Runs that ended, by their final status.",
        ("status",),
        {(status,): runs.ended.get(status, 0) for status in FINAL},
    )
    if runs.by_script:
        yield _labelled(
            CounterMetricFamily,
            "pysched_script_runs",
            "Runs that ended, by script; only with metrics.per_script.",
            ("script", "status"),
            {
                (script, status): count
                for script, by_status in sorted(runs.by_script.items())
                for status, count in sorted(by_status.items())
            },
        )
    for name, words, value in (
        ("pysched_runs_queued", "Runs that wait.", found.health.queued),
        ("pysched_runs_running", "Runs that are going.", found.health.running),
        ("pysched_runs_slots", "Runs that may go at once.", found.slots),
    ):
        yield GaugeMetricFamily(name, words, value=value)
    yield _histogram(
        "pysched_run_duration_seconds", "How long runs took that started.", runs.durations
    )
    yield _histogram(
        "pysched_run_queue_seconds", "From when a run was queued until it started.", runs.waits
    )
    yield _histogram(
        "pysched_run_lateness_seconds",
        "From when a scheduled run was due until it started; catch-ups left aside.",
        runs.lateness,
    )


def _tree(found: Observation) -> Iterator[Metric]:
    health = found.health
    yield GaugeMetricFamily("pysched_scripts", "Scripts in force.", value=health.scripts)
    yield GaugeMetricFamily(
        "pysched_problems", "Problems of files, warnings included.", value=health.problems
    )
    yield _labelled(
        GaugeMetricFamily,
        "pysched_environments",
        "Environments that scripts ask for, by state.",
        ("state",),
        {(state,): found.environments.get(state, 0) for state in EnvironmentState},
    )
    yield GaugeMetricFamily(
        "pysched_environment_builds_running", "Builds of environments.", value=found.building
    )
    yield _labelled(
        CounterMetricFamily,
        "pysched_environment_builds",
        "Builds of environments that are over.",
        ("result",),
        {(result,): found.runs.builds.get(result, 0) for result in ("ready", "failed")},
    )
    yield _histogram(
        "pysched_reconcile_duration_seconds", "How long passes over the files took.", found.passes
    )
    yield CounterMetricFamily(
        "pysched_reconcile_failures", "Passes that failed.", value=found.passes_failed
    )
    yield CounterMetricFamily(
        "pysched_reconcile_changes",
        "Scripts that were brought into force, changed or removed.",
        value=found.changes,
    )


def _machine(found: Observation) -> Iterator[Metric]:
    yield _histogram(
        "pysched_database_write_seconds",
        "How long transactions took, the sync of the disk included.",
        found.writes,
    )
    yield GaugeMetricFamily(
        "pysched_database_writes_waiting",
        "Writes that are not committed yet.",
        value=found.writes_waiting,
    )
    if found.disk_free_bytes is not None and found.disk_bytes is not None:
        yield GaugeMetricFamily(
            "pysched_disk_free_bytes",
            "Room on the file system of the data directory.",
            value=found.disk_free_bytes,
        )
        yield GaugeMetricFamily(
            "pysched_disk_size_bytes",
            "Size of the file system of the data directory.",
            value=found.disk_bytes,
        )
    yield from _processes(found.processes)


def _processes(processes: Mapping[str, ProcessUse]) -> Iterator[Metric]:
    labels = ("process",)
    yield _labelled(
        GaugeMetricFamily,
        "pysched_process_resident_memory_bytes",
        "Memory of the engine and of the runner.",
        labels,
        {(name,): use.memory_bytes for name, use in processes.items()},
    )
    yield _labelled(
        CounterMetricFamily,
        "pysched_process_cpu_seconds",
        "CPU time of the engine and of the runner, without runs.",
        labels,
        {(name,): use.cpu_seconds for name, use in processes.items()},
    )
    yield _labelled(
        GaugeMetricFamily,
        "pysched_process_open_fds",
        "Open files of the engine and of the runner.",
        labels,
        {(name,): use.open_files for name, use in processes.items()},
    )
    yield _labelled(
        GaugeMetricFamily,
        "pysched_process_start_time_seconds",
        "When the engine and the runner started, since 1970.",
        labels,
        {(name,): use.started.timestamp() for name, use in processes.items()},
    )


def _labelled(
    kind: type[GaugeMetricFamily] | type[CounterMetricFamily],
    name: str,
    words: str,
    labels: Sequence[str],
    values: Mapping[tuple[str, ...], float],
    *,
    suffix: str = "",
) -> Metric:
    family = kind(f"{name}{suffix}", words, labels=labels)
    for given, value in values.items():
        family.add_metric(list(map(str, given)), value)
    return family


def _histogram(name: str, words: str, values: Histogram) -> Metric:
    bounds = [*map(str, values.bounds), "+Inf"]
    buckets = list(zip(bounds, map(float, values.cumulated), strict=True))
    return HistogramMetricFamily(name, words, buckets=buckets, sum_value=values.total)
