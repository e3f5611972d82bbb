"""What a script prints, until those who watch it over a WebSocket have it."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import trees
from benchmarks.figure import Bench, Benchmark, Figure, Measured
from benchmarks.follow import LINES, age, piped
from benchmarks.latency import program_of
from benchmarks.processes import memory_mb, wait_until_idle
from benchmarks.samples import percentile
from benchmarks.server import KEY, Server, serving
from benchmarks.websocket import WebSocket

LATENCY = Figure(
    name="live-latency",
    title="print → line told over a WebSocket, p99",
    unit="ms",
    floor="the same script into a pipe",
    limit=40,
)
LOST = Figure(
    name="stream-lost",
    title="1,000,000 lines to 5 clients over WebSockets: lines that did not come",
    unit="lines",
    floor="nothing",
    limit=0,
)
MEMORY = Figure(
    name="stream-memory",
    title="1,000,000 lines to 5 clients over WebSockets: memory of the engine at most, over idle",
    unit="MB",
    floor="nothing",
    limit=30,
)
CLIENTS = 5
NUMBERS = """\
import sys

for number in range(int(sys.argv[1])):
    print(number)
"""
PACE = 0.02
"""Seconds between two looks at the memory."""


def measure_latency(bench: Bench) -> Sequence[Measured]:
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
            ours += _watched(server)
    return [
        Measured(
            figure=LATENCY,
            value=percentile(ours, 99),
            floor=percentile(bare, 99),
            samples=len(ours),
        )
    ]


def _watched(server: Server) -> list[float]:
    client = WebSocket(server.port, KEY)
    run = server.api.post("/api/scripts/lines/execute")["run_id"]
    client.subscribe(f"run:{run}")
    ages: list[float] = []
    rest = ""
    try:
        for text in client.output():
            *whole, rest = (rest + text).split("\n")
            ages += [age(int(line)) for line in whole]
    finally:
        client.close()
    return ages


def measure_stream(bench: Bench) -> Sequence[Measured]:
    lines = bench.count(1_000_000, 20_000)
    manifest = f'args: ["{lines}"]\nlimits: {{output: 1GB}}\n'
    trees.write_script(bench.directory / "scripts", "numbers", NUMBERS, manifest)
    with serving(bench.directory) as server:
        server.wait_until_built("numbers")
        wait_until_idle([server.engine_pid, server.runner_pid])
        engine = server.engine_pid
        idle = memory_mb([engine])
        run = server.api.post("/api/scripts/numbers/execute")["run_id"]
        listeners = _listeners(server, run, lines)
        most = idle
        while any(each.poll() is None for each in listeners):
            most = max(most, memory_mb([engine]))
            time.sleep(PACE)
        lost = _lost(listeners)
        # The output is archived a moment later.
        for _ in range(bench.count(150, 10)):
            most = max(most, memory_mb([engine]))
            time.sleep(PACE)
    return [
        Measured(figure=LOST, value=lost, floor=None, samples=CLIENTS * lines),
        Measured(figure=MEMORY, value=most - idle, floor=None, samples=CLIENTS),
    ]


def _listeners(server: Server, run: str, lines: int) -> list[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "benchmarks.listener", str(server.port), KEY, run, str(lines)]
    root = Path(__file__).parent.parent
    return [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root)
        for _ in range(CLIENTS)
    ]


def _lost(listeners: Sequence[subprocess.Popen[bytes]]) -> int:
    lost = 0
    for each in listeners:
        out, error = each.communicate(timeout=600)
        if each.returncode:
            raise RuntimeError(error.decode(errors="replace"))
        lost += int(out)
    return lost


BENCHMARKS = (
    Benchmark(name="live-latency", figures=(LATENCY,), measure=measure_latency),
    Benchmark(name="stream", figures=(LOST, MEMORY), measure=measure_stream),
)
