"""Metrics: what they are called and what they say, as Prometheus' own parser reads them."""

import re

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_classic

from engine.model.run import RunStatus
from tests.fakes.engine import a_health
from tests.fakes.observation import an_observation, some_counts
from web.metrics.exposition import OPENMETRICS, exposed
from web.metrics.families import families

READERS = {"text/plain": read_classic, OPENMETRICS: read_openmetrics}


def told(accept="text/plain", **values):
    """Return name and labels of each sample with its value, as a reader of the text finds them."""
    made = families(an_observation(**values), version="1.2.3", python="3.11.2")
    text, media_type = exposed(made, accept)
    assert media_type.startswith(accept)
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in READERS[accept](text.decode())
        for sample in family.samples
    }


@pytest.mark.parametrize("accept", READERS)
def test_the_parser_reads_what_is_told(accept):
    found = told(accept)

    assert found["pysched_runs_total", ("status", "success")] == 3
    assert found[("pysched_runs_queued",)] == 2
    assert found["pysched_build_info", ("python", "3.11.2"), ("version", "1.2.3")] == 1


def test_every_status_is_told_from_the_start():
    found = told(runs=some_counts(ended={}))

    statuses = {labels[0][1] for name, *labels in found if name == "pysched_runs_total"}
    assert statuses == {status.value for status in RunStatus if status.final}


def test_a_histogram_has_its_buckets_sum_and_count():
    found = told()

    name = "pysched_run_duration_seconds"
    buckets = [found[f"{name}_bucket", ("le", bound)] for bound in ("0.1", "1", "10", "+Inf")]
    assert buckets == [1, 1, 2, 3]
    assert (found[(f"{name}_sum",)], found[(f"{name}_count",)]) == (55.05, 3)


def test_scripts_are_told_apart_only_where_that_is_asked_for():
    by_script = ("pysched_script_runs_total", ("script", "etl/load"), ("status", "success"))

    assert told()[by_script] == 3
    assert by_script not in told(runs=some_counts(by_script={}))


def test_what_does_not_work_is_named():
    found = told(health=a_health(failing={"runner": "gone"}, degraded={"watcher": "polls"}))

    assert found[("pysched_healthy",)] == 0
    assert found["pysched_failing", ("part", "runner")] == 1
    assert found["pysched_degraded", ("part", "watcher")] == 1


def test_what_cannot_be_measured_is_left_out():
    names = {name for name, *_ in told(disk_free_bytes=None, disk_bytes=None, processes={})}

    assert {name for name in names if "disk" in name or "process" in name} == set()


def test_names_and_words_follow_the_conventions():
    for family in families(an_observation(), version="1", python="3"):
        assert re.fullmatch(r"pysched_[a-z_]+[a-z]", family.name)
        assert family.documentation.endswith(".")
        if family.type == "histogram":
            assert family.name.endswith("_seconds")


def test_a_script_with_any_name_breaks_no_line():
    counts = some_counts(by_script={'a"b\\c\nd': {RunStatus.FAILED: 1}})

    found = told(runs=counts)

    assert found["pysched_script_runs_total", ("script", 'a"b\\c\nd'), ("status", "failed")] == 1
