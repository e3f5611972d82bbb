"""Memory and CPU time of a server that has nothing to do."""

import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial

from benchmarks import trees
from benchmarks.figure import Bench, Benchmark, Figure, Measured
from benchmarks.processes import cpu_seconds, memory_mb, wait_until_idle
from benchmarks.server import serving

LIMITS = {100: 80, 1_000: 85, 10_000: 130}
MEMORY = {
    count: Figure(
        name=f"memory-{count}",
        title=f"PSS of engine and runner, idle, {count:,} scripts",
        unit="MB",
        floor="two interpreters, one of them with FastAPI and uvicorn imported",
        limit=limit,
    )
    for count, limit in LIMITS.items()
}
CPU = {
    count: Figure(
        name=f"idle-cpu-{count}",
        title=f"CPU of engine and runner, idle, {count:,} scripts",
        unit="% of a core",
        floor="nothing",
        limit=0.2,
    )
    for count in LIMITS
}
_SETTLE = 3.0
_IMPORTS = ("import fastapi, uvicorn", "pass")


def measure(count: int, bench: Bench) -> Sequence[Measured]:
    trees.many(bench.directory / "scripts", count if not bench.quick else 20)
    with bare_processes() as bare:
        floor = memory_mb(bare)
    with serving(bench.directory) as server:
        pids = (server.engine_pid, server.runner_pid)
        # The first start makes a repository and an environment, which is not idle.
        wait_until_idle(pids)
        time.sleep(bench.count(1, 0) * _SETTLE)
        before, began = cpu_seconds(pids), time.monotonic()
        time.sleep(bench.count(60, 2))
        busy = (cpu_seconds(pids) - before) / (time.monotonic() - began) * 100
        used = memory_mb(pids)
    return [
        Measured(figure=MEMORY[count], value=used, floor=floor, samples=1),
        Measured(figure=CPU[count], value=busy, floor=None, samples=1),
    ]


@contextmanager
def bare_processes() -> Generator[list[int]]:
    """Keep processes with nothing but imports; never beside a server, which shares pages."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", f"{imports}\nprint(flush=True)\nimport sys\nsys.stdin.read()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for imports in _IMPORTS
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.communicate()


BENCHMARKS = [
    Benchmark(
        name=f"footprint-{count}",
        figures=(MEMORY[count], CPU[count]),
        measure=partial(measure, count),
    )
    for count in LIMITS
]
