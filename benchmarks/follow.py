"""A line that a script prints, until somebody who follows its output can read it."""

import subprocess
import time
from collections.abc import Iterator, Sequence

from benchmarks import trees
from benchmarks.client import Connection
from benchmarks.figure import Bench, Benchmark, Figure, Measured
from benchmarks.floor import Program
from benchmarks.latency import program_of
from benchmarks.samples import percentile
from benchmarks.server import Server, serving

FIGURE = Figure(
    name="follow",
    title="print → line readable by a follower over HTTP, p99",
    unit="ms",
    floor="the same script into a pipe",
    limit=20,
)
LINES = """\
import sys
import time

for _ in range(int(sys.argv[1])):
    time.sleep(0.01)
    print(time.time_ns(), flush=True)
"""


def measure(bench: Bench) -> Sequence[Measured]:
    tree = bench.directory / "scripts"
    count = bench.count(300, 20)
    main = trees.write_script(tree, "lines", LINES, f'args: ["{count}"]\n')
    trees.write_script(tree, "environ", trees.FRESH_ENVIRONMENT)
    ours: list[float] = []
    bare: list[float] = []
    with serving(bench.directory) as server:
        program = program_of(server, "lines", main)
        for _ in range(bench.count(5, 1)):
            bare += piped(program, count)
            ours += _followed(server)
    return [
        Measured(
            figure=FIGURE,
            value=percentile(ours, 99),
            floor=percentile(bare, 99),
            samples=len(ours),
        )
    ]


def piped(program: Program, count: int) -> list[float]:
    with subprocess.Popen(
        [*program.argv, str(count)], env=program.env, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdout is not None
        return [age(int(line)) for line in process.stdout]


def _followed(server: Server) -> list[float]:
    run = server.api.post("/api/scripts/lines/execute")["run_id"]
    follower = server.connect()
    try:
        return [age(int(line)) for line in _lines(follower, run)]
    finally:
        follower.close()


def _lines(follower: Connection, run: str) -> Iterator[bytes]:
    rest = b""
    for chunk in follower.follow(f"/api/runs/{run}/output?follow=true"):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole


def age(stamp: int) -> float:
    return (time.time_ns() - stamp) / 1e6


BENCHMARK = Benchmark(name="follow", figures=(FIGURE,), measure=measure)
