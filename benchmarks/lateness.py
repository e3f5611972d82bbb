"""How late a run starts when its time comes and nothing else is going on."""

import os
import time
from collections.abc import Sequence
from datetime import datetime
from statistics import median

from benchmarks import trees
from benchmarks.figure import Bench, Benchmark, Figure, Measured
from benchmarks.floor import Program, spawn
from benchmarks.latency import program_of
from benchmarks.samples import percentile
from benchmarks.server import Server, serving

MEDIAN = Figure(
    name="lateness-p50",
    title="due time → process spawned, idle, one due, p50",
    unit="ms",
    floor="sleep until the time, then posix_spawn",
    limit=5,
)
WORST = Figure(
    name="lateness-p99",
    title="due time → process spawned, idle, one due, p99",
    unit="ms",
    floor=MEDIAN.floor,
    limit=25,
)
EVERY_SECOND = "triggers:\n  - every: 1s\nkeep: {runs: 1000}\n"


def measure(bench: Bench) -> Sequence[Measured]:
    tree = bench.directory / "scripts"
    main = trees.hello(tree, manifest=EVERY_SECOND)
    trees.write_script(tree, "environ", trees.FRESH_ENVIRONMENT)
    count = bench.count(150, 4)
    with serving(bench.directory) as server:
        program = program_of(server, "hello", main)
        # Ours are due on the second; the floor's, interleaved, on the half second.
        bare = [_late_spawn(program, bench) for _ in range(count)]
        ours = _lateness(server, count)
    return [
        Measured(figure=MEDIAN, value=median(ours), floor=median(bare), samples=len(ours)),
        Measured(
            figure=WORST,
            value=percentile(ours, 99),
            floor=percentile(bare, 99),
            samples=len(ours),
        ),
    ]


def _late_spawn(program: Program, bench: Bench) -> float:
    """Sleep until the next half second and return how many ms later a process was there."""
    due = time.time() // 1 + (1.5 if time.time() % 1 > 0.4 else 0.5)
    time.sleep(due - time.time())
    spawn(program, bench.directory / "floor.out")
    late = time.time() - due
    os.waitpid(-1, 0)
    return late * 1000


def _lateness(server: Server, count: int) -> list[float]:
    """Return the ms by which the newest runs started late, the runner's own time taken."""
    found: list[dict[str, str]] = []
    query: dict[str, object] = {"script": "hello", "status": "success", "limit": 200}
    found = server.api.get("/api/runs", **query)["items"]
    return [
        (_seconds(run["started_at"]) - _seconds(run["scheduled_for"])) * 1000
        for run in found[:count]
    ]


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


BENCHMARK = Benchmark(name="lateness", figures=(MEDIAN, WORST), measure=measure)
