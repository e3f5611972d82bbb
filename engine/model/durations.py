"""Ranges in which durations are counted, so that percentiles need not keep each run.

Exact up to 16 ms, then eight ranges to each doubling (as HdrHistogram does it): a range is
never wider than an eighth of where it begins, so its middle is at most LARGEST_ERROR off.
"""

STEPS = 8
LARGEST_ERROR = 1 / (2 * STEPS)
"""Of the middle of a range, as a part of the duration that is counted in it: 6.25 %."""

_LONGEST_MS = (1 << 37) - 1
"""Four years; what is longer counts as that long."""


def range_of(duration_ms: int) -> int:
    """Return the number of the range that a duration is in, from 0."""
    duration_ms = min(max(duration_ms, 0), _LONGEST_MS)
    doublings = max(duration_ms.bit_length() - STEPS.bit_length(), 0)
    return doublings * STEPS + (duration_ms >> doublings)


def beginning(number: int) -> int:
    """Return the shortest duration of a range, in milliseconds."""
    doublings = max(number // STEPS - 1, 0)
    return (number - doublings * STEPS) << doublings


def middle(number: int) -> int:
    """Return the duration that stands for all of a range, in milliseconds."""
    return beginning(number) + (beginning(number + 1) - beginning(number)) // 2
