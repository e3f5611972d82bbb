"""CPU and memory of a run over HTTP."""

import pytest

from engine.model.status import RunSample
from tests.fakes.engine import NOON

RUN = "20261124T120000-abcdef123456"
PATHS = [f"/api/runs/{RUN}/output/metrics", f"/api/runs/{RUN}/metrics"]


@pytest.mark.parametrize("path", PATHS)
def test_samples_come_oldest_first(call, engine, path):
    engine.measured[RUN] = [
        RunSample(at=NOON, cpu_ms=90, cpu_cores=0.9, memory_bytes=4096, processes=2)
    ]

    assert call("GET", path).json() == {
        "items": [
            {
                "at": "2026-11-24T12:00:00Z",
                "cpu_ms": 90,
                "cpu_cores": 0.9,
                "memory_bytes": 4096,
                "processes": 2,
            }
        ],
        "next_cursor": None,
    }


def test_a_run_that_was_too_short_has_none(call):
    assert call("GET", PATHS[0]).json()["items"] == []


def test_an_unknown_run_is_not_measured(call):
    assert call("GET", "/api/runs/nothing/output/metrics").status_code == 404
