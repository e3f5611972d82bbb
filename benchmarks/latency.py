"""From a request over HTTP to the first statement of the script, and to its visible end."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks import trees
from benchmarks.figure import Against, Bench, Benchmark, Figure, Measured
from benchmarks.floor import Program, Spawned, spawn_and_wait
from benchmarks.server import Server, serving

FIRST = Figure(
    name="first-statement",
    title="trigger over HTTP → first statement of hello.py, median",
    unit="ms",
    floor="posix_spawn of the same interpreter and file",
    limit=1.25,
    against=Against.RATIO,
)
END = Figure(
    name="visible-end",
    title="trigger → end visible through the API, row and output kept, median",
    unit="ms",
    floor="posix_spawn to waitpid",
    limit=1.35,
    against=Against.RATIO,
)
PACE = 0.1
"""Seconds between two starts, of either kind."""


def measure(bench: Bench) -> Sequence[Measured]:
    main = trees.hello(bench.directory / "scripts")
    trees.write_script(bench.directory / "scripts", "environ", trees.FRESH_ENVIRONMENT)
    with serving(bench.directory) as server:
        program = program_of(server, "hello", main)
        ours: list[Spawned] = []
        bare: list[Spawned] = []
        output = bench.directory / "floor.out"
        for _ in range(bench.count(200, 5)):
            bare.append(spawn_and_wait(program, output))
            time.sleep(PACE)
            ours.append(trigger_and_wait(server))
            time.sleep(PACE)
    return [
        Measured(
            figure=figure,
            value=median(map(took, ours)),
            floor=median(map(took, bare)),
            samples=len(ours),
        )
        for figure, took in ((FIRST, _first), (END, _end))
    ]


def program_of(server: Server, script: str, main: Path) -> Program:
    """Return what a run of the script starts, once its environment is there."""
    interpreter = server.wait_until_built(script)
    run = server.api.post("/api/scripts/environ/execute")["run_id"]
    server.wait_until(f"/api/runs/{run}", lambda found: found["status"] == "success")
    env = json.loads(server.api.text(f"/api/runs/{run}/output"))
    return Program(interpreter=interpreter, main=main, env=env)


def trigger_and_wait(server: Server) -> Spawned:
    """Have hello run once, told of its end by the answer."""
    asked = time.time_ns()
    run = server.api.post("/api/scripts/hello/trigger", wait="30s")
    ended = time.time_ns()
    if run["status"] != "success":
        raise RuntimeError(f"hello did not succeed: {run}")
    printed = server.api.text(f"/api/runs/{run['id']}/output")
    return Spawned(asked=asked, first_statement=int(printed), ended=ended)


def _first(each: Spawned) -> float:
    return (each.first_statement - each.asked) / 1e6


def _end(each: Spawned) -> float:
    return (each.ended - each.asked) / 1e6


BENCHMARK = Benchmark(name="latency", figures=(FIRST, END), measure=measure)
