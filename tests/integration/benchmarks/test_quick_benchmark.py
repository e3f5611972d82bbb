"""The benchmarks can be run; what they measure here is too little to be a time."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.__main__ import run
from benchmarks.catalogue import chosen
from benchmarks.results import rows_of

ROOT = Path(__file__).parents[3]


def test_a_quick_run_of_a_figure_gives_a_row_with_its_floor():
    (benchmark,) = chosen(["follow"])

    (row,) = rows_of(run(benchmark, quick=True))

    assert (row.figure, row.unit, row.samples) == ("follow", "ms", 20)
    assert row.value > 0
    assert row.floor is not None
    assert json.loads(json.dumps(row.aim)) == "≤ 20 ms"


def test_the_command_lists_every_benchmark():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert len(done.stdout.splitlines()) == len(chosen(()))
