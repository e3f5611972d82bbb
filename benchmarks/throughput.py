"""Many starts at once through the queue, against xargs with the same number going."""

import os
import time
from collections.abc import Sequence
from contextlib import closing
from statistics import median

from benchmarks import trees
from benchmarks.figure import Against, Bench, Benchmark, Figure, Measured
from benchmarks.floor import xargs
from benchmarks.latency import program_of
from benchmarks.server import Server, serving

FIGURE = Figure(
    name="throughput",
    title="300 × hello.py through the queue",
    unit="runs/s",
    floor="xargs -P with the same number going at once",
    limit=0.85,
    against=Against.RATIO,
    at_least=True,
)
MANIFEST = "overlap: parallel\nmax_parallel: 1000\n"


def slots() -> int:
    """Return how many runs go at once by default (spec.md §8, runs.max_concurrent)."""
    return max(2, 2 * len(os.sched_getaffinity(0)))


def measure(bench: Bench) -> Sequence[Measured]:
    main = trees.hello(bench.directory / "scripts", manifest=MANIFEST)
    trees.write_script(bench.directory / "scripts", "environ", trees.FRESH_ENVIRONMENT)
    count = bench.count(300, 10)
    ours: list[float] = []
    bare: list[float] = []
    with serving(bench.directory) as server:
        program = program_of(server, "hello", main)
        for _ in range(bench.count(5, 1)):
            bare.append(count / xargs(program, count, slots(), bench.directory / "floor.out"))
            ours.append(count / through_the_queue(server, count))
    return [Measured(figure=FIGURE, value=median(ours), floor=median(bare), samples=len(ours))]


def through_the_queue(server: Server, count: int) -> float:
    """Return the seconds from the first request until all runs are told as ended."""
    began = time.monotonic()
    runs = [server.api.post("/api/scripts/hello/execute")["run_id"] for _ in range(count)]
    # Following the last one's output is told of its end without asking again and again.
    with closing(server.connect()) as follower:
        for _ in follower.follow(f"/api/runs/{runs[-1]}/output?follow=true"):
            pass
    query = "/api/runs?status=queued&status=running&limit=1"
    server.wait_until(query, lambda found: not found["items"])
    seconds = time.monotonic() - began
    _check(server, count)
    return seconds


def _check(server: Server, count: int) -> None:
    newest = server.api.get("/api/runs", script="hello", limit=count)["items"]
    if any(run["status"] != "success" for run in newest):
        raise RuntimeError("not all runs succeeded")


BENCHMARK = Benchmark(name="throughput", figures=(FIGURE,), measure=measure)
