"""Ten thousand scripts: the first start, the next one, and a look that finds nothing new."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from statistics import median

from benchmarks import trees
from benchmarks.figure import Bench, Benchmark, Figure, Measured
from benchmarks.processes import wait_until_idle
from benchmarks.server import Server

COLD = Figure(
    name="cold-start",
    title="10,000 scripts: first start → all scheduled",
    unit="s",
    floor="a fresh interpreter that reads and hashes every file",
    limit=4,
)
WARM = Figure(
    name="warm-start",
    title="10,000 scripts: next start → all scheduled",
    unit="s",
    floor="a fresh interpreter that stats every file",
    limit=1.5,
)
RESCAN = Figure(
    name="rescan",
    title="10,000 scripts: a full pass that finds no change",
    unit="s",
    floor="stat of every file",
    limit=0.3,
)


def measure(bench: Bench) -> Sequence[Measured]:
    trees.many(bench.directory / "scripts", bench.count(10_000, 50))
    server = Server(bench.directory)
    taken: dict[Figure, list[float]] = {COLD: [], WARM: [], RESCAN: []}
    bare: dict[Figure, list[float]] = {COLD: [], WARM: [], RESCAN: []}
    try:
        for _ in range(bench.count(5, 1)):
            shutil.rmtree(server.data, ignore_errors=True)
            shutil.rmtree(server.tree / ".git", ignore_errors=True)
            bare[COLD].append(_fresh("read", server.tree))
            taken[COLD].append(_start(server))
            server.stop()
            for _ in range(2):
                bare[WARM].append(_fresh("stat", server.tree))
                taken[WARM].append(_start(server))
                _rescans(server, taken[RESCAN], bare[RESCAN])
                server.stop()
    finally:
        server.stop()
    return [
        Measured(
            figure=figure,
            value=median(taken[figure]),
            floor=median(bare[figure]),
            samples=len(taken[figure]),
        )
        for figure in (COLD, WARM, RESCAN)
    ]


def _start(server: Server) -> float:
    seconds = server.start()
    # The first commit of a new tree and the first environment are made afterwards.
    wait_until_idle([server.engine_pid])
    return seconds


def _rescans(server: Server, taken: list[float], bare: list[float]) -> None:
    for _ in range(3):
        began = time.monotonic()
        stat_all(server.tree)
        bare.append(time.monotonic() - began)
        began = time.monotonic()
        done = server.api.post("/api/reconcile")
        taken.append(time.monotonic() - began)
        if done["actions"]:
            raise RuntimeError(f"the pass found changes: {done['actions'][:3]}")


def stat_all(tree: Path) -> int:
    """Return how many bytes are in the files below a directory, having looked at each."""
    return sum(entry.stat(follow_symlinks=False).st_size for entry in _files(tree))


def read_all(tree: Path) -> int:
    """Return how many bytes are in the files below a directory, having hashed each."""
    size = 0
    for entry in _files(tree):
        with open(entry.path, "rb", buffering=0) as file:  # noqa: PTH123 - a floor
            content = file.read()
        blake2b(content, digest_size=16).digest()
        size += len(content)
    return size


def _files(tree: Path) -> Iterator["os.DirEntry[str]"]:
    """Yield all files but those that no scan looks at."""
    waiting = [str(tree)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    yield entry


def _fresh(what: str, tree: Path) -> float:
    """Return the seconds it takes an interpreter from its start to its end."""
    code = f"from benchmarks.scale import {what}_all\n{what}_all({str(tree)!r})"
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent)
    return time.monotonic() - began


BENCHMARK = Benchmark(name="scale", figures=(COLD, WARM, RESCAN), measure=measure)
