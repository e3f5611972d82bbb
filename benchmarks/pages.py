"""A page of the list of scripts, each with its last run and its next."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from statistics import median

from benchmarks import trees
from benchmarks.canned import canned_server
from benchmarks.figure import Bench, Benchmark, Figure, Measured
from benchmarks.history import PAGE, timed
from benchmarks.processes import wait_until_idle
from benchmarks.samples import percentile
from benchmarks.server import serving
from tests.integration.store.million import database_with

_FLOOR = "the same bytes from a server that does nothing else"
P50 = Figure(
    name="page-scripts-p50",
    title="page of 50 of 1,000 scripts with last and next run, p50 through the API",
    unit="ms",
    floor=_FLOOR,
    limit=3,
)
P99 = Figure(
    name="page-scripts-p99",
    title="page of 50 of 1,000 scripts with last and next run, p99 through the API",
    unit="ms",
    floor=_FLOOR,
    limit=10,
)


def measure(bench: Bench) -> Sequence[Measured]:
    scripts = bench.count(1_000, 100)
    trees.many(bench.directory / "scripts", scripts)
    data = bench.directory / "data"
    data.mkdir()
    # A hundred runs a script, as of a few days.
    database_with(100 * scripts, data / "pysched.db").close()
    with closing(sqlite3.connect(data / "pysched.db", isolation_level=None)) as connection:
        connection.execute(
            "UPDATE runs SET script = printf('team-%02d/job-%05d', seq % ?1 % 20, seq % ?1), "
            "status = replace(status, 'running', 'success')",
            (scripts,),
        )
    ours: list[float] = []
    floor: list[float] = []
    with serving(bench.directory) as server:
        wait_until_idle([server.engine_pid])
        cursors = _cursors(server.api.get, scripts)
        size = len(server.api.raw("GET", f"/api/scripts?limit={PAGE}"))
        with canned_server(size) as canned:
            for _ in range(bench.count(25, 2)):
                for cursor in cursors:
                    target = f"/api/scripts?limit={PAGE}{cursor}"
                    floor.append(timed(lambda target=target: canned.raw("GET", target)))
                    ours.append(timed(lambda target=target: server.api.raw("GET", target)))
    return [
        Measured(figure=P50, value=median(ours), floor=median(floor), samples=len(ours)),
        Measured(
            figure=P99, value=percentile(ours, 99), floor=percentile(floor, 99), samples=len(ours)
        ),
    ]


def _cursors(get, scripts: int) -> list[str]:
    """Walk through the list once and return what each page is asked for with."""
    cursors = [""]
    while True:
        page = get(f"/api/scripts?limit={PAGE}{cursors[-1]}")
        wrong = [one for one in page["items"] if not (one["last_run"] and one["next_run"])]
        if wrong:
            raise RuntimeError(f"{wrong[0]['id']} has no last or no next run")
        if page["next_cursor"] is None:
            if len(cursors) != scripts // PAGE:
                raise RuntimeError(f"{len(cursors)} pages of {scripts} scripts")
            return cursors
        cursors.append(f"&cursor={page['next_cursor']}")


BENCHMARK = Benchmark(name="page-scripts", figures=(P50, P99), measure=measure)
