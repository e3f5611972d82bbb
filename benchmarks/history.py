"""A page of the history of a million runs."""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import trees
from benchmarks.canned import canned_server
from benchmarks.figure import Bench, Benchmark, Figure, Measured
from benchmarks.samples import percentile
from benchmarks.server import serving
from engine.ports import RunFilter
from engine.service.clock import SystemClock
from engine.service.data import open_stores
from engine.store.cursors import cursor
from tests.integration.store.million import database_with

STORE = Figure(
    name="page-store",
    title="page of 50 runs out of 1,000,000, p99 in the store",
    unit="ms",
    floor="the same rows by their key, straight from SQLite",
    limit=1,
)
API = Figure(
    name="page-api",
    title="page of 50 runs out of 1,000,000, p50 through the API",
    unit="ms",
    floor="the same bytes from a server that does nothing else",
    limit=3,
)
API_P99 = replace(
    API,
    name="page-api-p99",
    title="page of 50 runs out of 1,000,000, p99 through the API",
    limit=10,
)
PAGE = 50


def measure(bench: Bench) -> Sequence[Measured]:
    data = bench.directory / "data"
    data.mkdir()
    runs = bench.count(1_000_000, 2_000)
    database_with(runs, data / "pysched.db").close()
    trees.hello(bench.directory / "scripts")
    return [
        _in_the_store(data, runs, bench.count(2_000, 20)),
        *_through_the_api(bench, runs, bench.count(500, 20)),
    ]


def _in_the_store(data: Path, runs: int, count: int) -> Measured:
    stores = open_stores(data, SystemClock())
    bare = sqlite3.connect(data / "pysched.db", isolation_level=None)
    ours: list[float] = []
    floor: list[float] = []
    try:
        for seq, place in _places(data, runs, count):
            floor.append(timed(partial(_rows_before, bare, seq)))
            ours.append(timed(partial(stores.runs.page, RunFilter(), limit=PAGE, cursor=place)))
    finally:
        bare.close()
        stores.close()
    return Measured(
        figure=STORE, value=percentile(ours, 99), floor=percentile(floor, 99), samples=len(ours)
    )


def _through_the_api(bench: Bench, runs: int, count: int) -> Sequence[Measured]:
    ours: list[float] = []
    floor: list[float] = []
    with serving(bench.directory) as server:
        size = len(server.api.raw("GET", f"/api/runs?limit={PAGE}"))
        with canned_server(size) as canned:
            for _, place in _places(server.data, runs, count):
                target = f"/api/runs?limit={PAGE}&cursor={place}"
                floor.append(timed(partial(canned.raw, "GET", target)))
                ours.append(timed(partial(server.api.raw, "GET", target)))
    return [
        Measured(figure=API, value=median(ours), floor=median(floor), samples=len(ours)),
        Measured(
            figure=API_P99,
            value=percentile(ours, 99),
            floor=percentile(floor, 99),
            samples=len(ours),
        ),
    ]


def _places(data: Path, runs: int, count: int) -> Iterator[tuple[int, str]]:
    """Yield random places in the list, each as the row's number and the cursor behind it."""
    dice = random.Random(50)
    with closing(sqlite3.connect(data / "pysched.db")) as connection:
        for _ in range(count):
            seq = dice.randrange(2 * PAGE, runs)
            (at,) = connection.execute(
                "SELECT queued_at FROM runs WHERE seq = ?", (seq,)
            ).fetchone()
            yield seq, cursor("runs", at, str(seq))


def _rows_before(connection: sqlite3.Connection, seq: int) -> None:
    rows = connection.execute(
        "SELECT * FROM runs WHERE seq < ? ORDER BY seq DESC LIMIT ?", (seq, PAGE)
    ).fetchall()
    if len(rows) != PAGE:
        raise RuntimeError(f"{len(rows)} rows before {seq}")


def timed(call: Callable[[], object]) -> float:
    """Return the ms that a call takes."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


BENCHMARK = Benchmark(name="history", figures=(STORE, API, API_P99), measure=measure)
