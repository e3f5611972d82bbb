"""Reduce samples to the one number that a figure is."""

from collections.abc import Sequence


def percentile(samples: Sequence[float], percent: float) -> float:
    """Return the sample that so many percent do not exceed (nearest rank)."""
    ordered = sorted(samples)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]
