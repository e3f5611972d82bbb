"""Many scripts due in the same second."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import trees
from benchmarks.figure import Against, Bench, Benchmark, Figure, Measured
from benchmarks.floor import Program, keep_going
from benchmarks.latency import program_of
from benchmarks.server import Server, serving
from benchmarks.throughput import slots

PERIOD = {10: 8, 50: 8, 200: 24}
"""Seconds between two herds of so many; the floor has its turn in the middle."""


def _figures(size: int) -> tuple[Figure, Figure]:
    floor = "a loop that keeps the same number of processes going"
    one, all_ = (
        Figure(
            name=f"herd-{size}-{which}",
            title=f"{size} due in the same second: {which} first statement",
            unit="ms",
            floor=floor,
            limit=1.2,
            against=Against.RATIO,
        )
        for which in ("median", "last")
    )
    return one, all_


FIGURES = {size: _figures(size) for size in (50, 200)}


def measure(size: int, bench: Bench) -> Sequence[Measured]:
    figures = FIGURES[size]
    if bench.quick:
        size = 10
    tree = bench.directory / "scripts"
    period = PERIOD[size]
    due = f"triggers:\n  - every: {period}s\n"
    mains = [trees.hello(tree, f"herd-{number:03d}", due) for number in range(size)]
    trees.write_script(tree, "environ", trees.FRESH_ENVIRONMENT)
    with serving(bench.directory) as server:
        program = program_of(server, mains[0].parent.name, mains[0])
        rounds = bench.count(7, 1)
        begun = _sleep_until_half(period)
        bare: list[list[float]] = []
        for _ in range(rounds):
            bare.append(_floor(program, bench.directory, size))
            _sleep_until_half(period)
        ours = _herds(server, size, begun, rounds)
    return [
        Measured(figure=figure, value=_of(ours, of), floor=_of(bare, of), samples=rounds)
        for figure, of in zip(figures, (median, max), strict=True)
    ]


def _sleep_until_half(period: int) -> float:
    """Sleep to the next middle between two due times and return it."""
    now = time.time()
    middle = (now // period + (0.5 if now % period < period / 2 - 0.1 else 1.5)) * period
    time.sleep(middle - now)
    return middle


def _floor(program: Program, directory: Path, size: int) -> list[float]:
    outputs = [directory / f"floor-{number}.out" for number in range(size)]
    began = time.time_ns()
    return [(first - began) / 1e6 for first in keep_going(program, outputs, slots())]


def _herds(server: Server, size: int, since: float, rounds: int) -> list[list[float]]:
    """Return, of each due time after `since`, the ms from it to each first statement."""
    after = datetime.fromtimestamp(since, UTC).isoformat()
    runs: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(runs) < size * rounds:
        more = {"cursor": cursor} if cursor else {}
        page = server.api.get("/api/runs", limit=500, since=after, status="success", **more)
        runs += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    herds: dict[str, list[float]] = {}
    for run in runs:
        if (due := run["scheduled_for"]) is not None:
            first = int(server.api.text(f"/api/runs/{run['id']}/output")) / 1e6
            late = first - datetime.fromisoformat(due).timestamp() * 1000
            herds.setdefault(due, []).append(late)
    whole = [herd for herd in herds.values() if len(herd) == size]
    if len(whole) < rounds:
        raise RuntimeError(f"only {len(whole)} of {rounds} herds of {size} ran as a whole")
    return whole[:rounds]


def _of(herds: Sequence[list[float]], one: Callable[[list[float]], float]) -> float:
    return median(one(herd) for herd in herds)


BENCHMARKS = [
    Benchmark(name=f"herd-{size}", figures=FIGURES[size], measure=partial(measure, size))
    for size in FIGURES
]
