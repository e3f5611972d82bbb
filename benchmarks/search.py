"""A search for words in the output of many runs."""

import asyncio
import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from benchmarks import trees
from benchmarks.figure import Bench, Benchmark, Figure, Measured
from benchmarks.history import PAGE, timed
from benchmarks.samples import percentile
from benchmarks.server import serving
from engine.model.identity import RunId
from engine.runner import frames
from engine.service.clock import SystemClock
from engine.service.data import open_stores
from engine.store.output import SqliteOutputArchive
from tests.integration.store.million import database_with

FIGURE = Figure(
    name="search",
    title="search in the output of 100,000 runs through the API, p99",
    unit="ms",
    floor="the index asked for the same words, straight from SQLite",
    limit=50,
)
LINES = 30
TOGETHER = 1_000
"""Outputs that are written in one transaction."""
RARE = 2_000
"""One run in so many has the rare word."""
SEARCHES = ("needle", "loaded", "loaded needle", "rows-loaded", "load* 17", "nothing-like-this")
"""Rare, in every output, both, two words that must stand together, a beginning, none."""


def measure(bench: Bench) -> Sequence[Measured]:
    runs = bench.count(100_000, 2_000)
    data = bench.directory / "data"
    data.mkdir()
    database_with(runs, data / "pysched.db").close()
    _fill(data, runs)
    trees.hello(bench.directory / "scripts")
    ours: list[float] = []
    floor: list[float] = []
    with (
        serving(bench.directory) as server,
        closing(sqlite3.connect(data / "logs.db", isolation_level=None)) as bare,
    ):
        for words in SEARCHES * bench.count(40, 2):
            target = f"/api/runs?limit={PAGE}&q={words.replace(' ', '+')}"
            floor.append(timed(lambda words=words: _ask(bare, words)))
            ours.append(timed(lambda target=target: server.api.raw("GET", target)))
        found = server.api.get(f"/api/runs?limit={PAGE}&q=needle")["items"]
        if len(found) != min(PAGE, runs // RARE):
            raise RuntimeError(f"{len(found)} runs found with the rare word")
    return [
        Measured(
            figure=FIGURE,
            value=percentile(ours, 99),
            floor=percentile(floor, 99),
            samples=len(ours),
        )
    ]


def _ask(bare: sqlite3.Connection, words: str) -> None:
    asked = " AND ".join(
        f'"{word.removesuffix("*")}"{"*" * word.endswith("*")}'
        for word in words.replace("-", " ").split()
    )
    bare.execute(
        "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?", (asked, PAGE)
    ).fetchall()


def _fill(data: Path, runs: int) -> None:
    """Give each run of the database an output, as the archive keeps it."""
    with closing(sqlite3.connect(data / "pysched.db")) as connection:
        ids = [RunId(one) for (one,) in connection.execute("SELECT id FROM runs ORDER BY seq")]
    if len(ids) != runs:
        raise RuntimeError(f"{len(ids)} of {runs} runs are there")
    stores = open_stores(data, SystemClock())
    try:
        asyncio.run(_keep_all(stores.archive, ids))
    finally:
        stores.close()


async def _keep_all(archive: SqliteOutputArchive, ids: Sequence[RunId]) -> None:
    dice = random.Random(17)
    for first in range(0, len(ids), TOGETHER):
        numbers = range(first, min(first + TOGETHER, len(ids)))
        await asyncio.gather(
            *(_keep(archive, ids[number], _text(dice, number)) for number in numbers)
        )


async def _keep(archive: SqliteOutputArchive, run_id: RunId, text: str) -> None:
    frame = frames.Frame(0, 1, frames.STDOUT, text.encode())
    await archive.keep(run_id, frames.pack([frame]), text)


def _text(dice: random.Random, number: int) -> str:
    """Return about 1.5 KB as a script that loads something prints."""
    lines = [
        f"2026-05-01 12:00:{second:02d} rows-loaded {dice.randrange(10_000)} from "
        f"table_{dice.randrange(500)} loaded in {dice.randrange(1_000)} ms"
        for second in range(LINES)
    ]
    if number % RARE == RARE - 1:
        lines.append("needle")
    return "\n".join(lines)


BENCHMARK = Benchmark(name="search", figures=(FIGURE,), measure=measure)
