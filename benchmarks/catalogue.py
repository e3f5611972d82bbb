"""All benchmarks, in the order in which they are run and printed."""

from collections.abc import Collection, Sequence

from benchmarks import (
    change,
    follow,
    footprint,
    herd,
    history,
    latency,
    lateness,
    live,
    pages,
    scale,
    search,
    throughput,
)
from benchmarks.figure import Benchmark, Figure

BENCHMARKS: Sequence[Benchmark] = (
    latency.BENCHMARK,
    throughput.BENCHMARK,
    lateness.BENCHMARK,
    *herd.BENCHMARKS,
    scale.BENCHMARK,
    change.BENCHMARK,
    *footprint.BENCHMARKS,
    follow.BENCHMARK,
    history.BENCHMARK,
    pages.BENCHMARK,
    search.BENCHMARK,
    *live.BENCHMARKS,
)
FIGURES: Sequence[Figure] = tuple(figure for each in BENCHMARKS for figure in each.figures)


def chosen(names: Collection[str]) -> Sequence[Benchmark]:
    """Return the benchmarks of these names, or that measure figures of these names; all of none.

    Raises ValueError for a name that is neither.
    """
    known = {each.name for each in BENCHMARKS} | {figure.name for figure in FIGURES}
    unknown = sorted(set(names) - known)
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: not one of {', '.join(sorted(known))}")
    return [
        each
        for each in BENCHMARKS
        if not names or each.name in names or any(f.name in names for f in each.figures)
    ]
