"""Results as a file that is kept with the source: one row a figure, the newest measurement."""

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figure import Measured

FILE = Path(__file__).with_name("results.json")
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure as it was measured last; None where there is no floor, and so no ratio."""

    figure: str
    value: float
    unit: str
    floor: float | None
    ratio: float | None
    aim: str
    met: bool
    samples: int
    machine: str
    date: str
    commit: str


def rows_of(measured: Iterable[Measured]) -> list[Row]:
    machine, commit = this_machine(), this_commit()
    date = datetime.now(UTC).date().isoformat()
    return [
        Row(
            figure=each.figure.name,
            value=_rounded(each.value),
            unit=each.figure.unit,
            floor=None if each.floor is None else _rounded(each.floor),
            ratio=None if each.ratio is None else _rounded(each.ratio),
            aim=each.figure.aim,
            met=each.met,
            samples=each.samples,
            machine=machine,
            date=date,
            commit=commit,
        )
        for each in measured
    ]


def load(file: Path = FILE) -> Mapping[str, Row]:
    """Return what is on file, by figure; nothing if there is no file yet."""
    if not file.exists():
        return {}
    rows = [Row(**row) for row in json.loads(file.read_text())["results"]]
    return {row.figure: row for row in rows}


def save(new: Sequence[Row], order: Sequence[str], file: Path = FILE) -> None:
    """Put new rows in the place of old ones, in the order of the figures' names given."""
    rows = dict(load(file)) | {row.figure: row for row in new}
    kept = [asdict(rows[name]) for name in order if name in rows]
    file.write_text(json.dumps({"results": kept}, indent=2, ensure_ascii=False) + "\n")


def this_machine() -> str:
    """Return what a time depends on, such as `2 cores, x86_64, Linux 6.1, Python 3.11.7`."""
    cores = len(os.sched_getaffinity(0))
    release = ".".join(platform.release().split(".")[:2])
    return (
        f"{cores} cores, {platform.machine()}, {platform.system()} {release}, "
        f"Python {platform.python_version()}"
    )


def this_commit() -> str:
    """Return the commit of this source, with a plus if it was changed since."""
    commit = _git("rev-parse", "--short", "HEAD")
    return f"{commit}+" if _git("status", "--porcelain", "engine", "web", "schemas") else commit


def _git(*arguments: str) -> str:
    command = ["git", "-c", "safe.directory=*", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _rounded(value: float) -> float:
    """Keep three figures, which is more than the machine's jitter leaves."""
    return float(f"{value:.3g}")
