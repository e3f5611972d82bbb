"""The sentence of a refused run: why, since when, and what would let it through."""

from datetime import UTC, datetime

import pytest

from engine.model.environment import EnvironmentRequest
from engine.model.run import RunStatus
from engine.model.script import Overlap, Script
from engine.service.refusal import refusal
from tests.fakes.engine import a_run

NINE = datetime(2026, 11, 24, 9, tzinfo=UTC)
RUNNING = a_run("r1", status=RunStatus.RUNNING, started_at=NINE, finished_at=None)
QUEUED = a_run("r1", status=RunStatus.QUEUED, queued_at=NINE, started_at=None, finished_at=None)
STOP = "or stop the earlier one with `pysched cancel r1`"


@pytest.mark.parametrize(
    ("rules", "run", "why"),
    [
        (
            {"overlap": Overlap.SKIP},
            RUNNING,
            "still running since 2026-11-24T09:00:00Z; set `overlap: queue` to line runs up",
        ),
        (
            {"overlap": Overlap.SKIP},
            QUEUED,
            "still queued since 2026-11-24T09:00:00Z; set `overlap: queue` to line runs up",
        ),
        (
            {"overlap": Overlap.QUEUE, "queue_limit": 1},
            RUNNING,
            "as many runs wait as queue_limit allows (1); raise it",
        ),
        (
            {"overlap": Overlap.PARALLEL, "max_parallel": 2},
            RUNNING,
            "as many runs go as max_parallel allows (2); raise it",
        ),
    ],
)
def test_a_refusal_says_why_and_the_mend(rules, run, why):
    script = Script(
        id="sleeper", name="Sleeper", main="main.py", environment=EnvironmentRequest(), **rules
    )

    assert refusal(script, [run]) == f"sleeper: {why}, {STOP}"
