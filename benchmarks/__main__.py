"""`./dev bench [NAME…]`: measure, print a table, and keep the results.

A quick run shows that everything works; it keeps nothing, since its figures are of
tiny trees and few samples.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import results, table
from benchmarks.catalogue import BENCHMARKS, FIGURES, chosen
from benchmarks.figure import Bench, Benchmark, Measured


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    console = Console()
    if options.list:
        for each in BENCHMARKS:
            console.print(f"{each.name}: {', '.join(figure.name for figure in each.figures)}")
        return 0
    try:
        wanted = chosen(options.names)
    except ValueError as error:
        console.print(f"error: {error}")
        return 2
    rows: list[results.Row] = []
    for each in wanted:
        with console.status(f"measuring {each.name} …"):
            found = results.rows_of(run(each, quick=options.quick))
        rows += found
        if not options.quick:
            keep(found)
    table.show(rows, FIGURES, console)
    return 0


def run(benchmark: Benchmark, *, quick: bool) -> Sequence[Measured]:
    """Measure in a directory that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="pysched-bench-") as directory:
        return benchmark.measure(Bench(directory=Path(directory), quick=quick))


def keep(rows: Sequence[results.Row]) -> None:
    results.save(rows, [figure.name for figure in FIGURES])
    document = table.DOCUMENT
    document.write_text(table.with_results(document.read_text(), results.load(), FIGURES))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks or figures; else all")
    parser.add_argument("--quick", action="store_true", help="only see that they work")
    parser.add_argument("--list", action="store_true", help="print the names")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
