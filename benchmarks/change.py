"""One file changes among very many scripts."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import trees
from benchmarks.figure import Bench, Benchmark, Figure, Measured
from benchmarks.processes import wait_until_idle
from benchmarks.samples import percentile
from benchmarks.server import Server, serving
from engine.tree.inotify import Inotify

FIGURE = Figure(
    name="change-in-force",
    title="one file changed among 10,000 scripts → in force, p99",
    unit="ms",
    floor="the kernel's event of the write, and the file read again",
    limit=150,
)
PAUSE = 0.002
"""Seconds between two questions whether the change is in force."""


def measure(bench: Bench) -> Sequence[Measured]:
    count = bench.count(10_000, 50)
    trees.many(bench.directory / "scripts", count)
    with serving(bench.directory) as server:
        wait_until_idle([server.engine_pid])
        ours: list[float] = []
        bare: list[float] = []
        for turn in range(bench.count(200, 5)):
            number = turn * 47 % count
            script = f"team-{number % 20:02d}/job-{number:05d}"
            bare.append(_event_of_write(bench.directory / "beside.yaml", turn))
            ours.append(_change(server, script, turn))
            time.sleep(0.05)
    return [
        Measured(
            figure=FIGURE,
            value=percentile(ours, 99),
            floor=percentile(bare, 99),
            samples=len(ours),
        )
    ]


def _change(server: Server, script: str, turn: int) -> float:
    """Return the ms from a write to the first answer that shows it."""
    manifest = server.tree / script / "script.yaml"
    wanted = f"Changed in turn {turn}"
    text = manifest.read_text().replace("One of many", wanted)
    began = time.monotonic()
    manifest.write_text(text)
    while server.api.get(f"/api/scripts/{script}")["description"] != wanted:
        if time.monotonic() > began + 30:
            raise RuntimeError(f"the change of {script} is not in force after 30 s")
        time.sleep(PAUSE)
    return (time.monotonic() - began) * 1000


def _event_of_write(file: Path, turn: int) -> float:
    """Return the ms from a write until somebody who waits for it has read the file."""
    directory = file.parent / "watched"
    directory.mkdir(exist_ok=True)
    file = directory / file.name
    kernel = Inotify()
    kernel.add(str(directory))
    try:
        began = time.monotonic()
        file.write_text(f"description: Changed in turn {turn}\n")
        while not kernel.read():
            os.sched_yield()
        file.read_bytes()
        return (time.monotonic() - began) * 1000
    finally:
        kernel.close()


BENCHMARK = Benchmark(name="change", figures=(FIGURE,), measure=measure)
