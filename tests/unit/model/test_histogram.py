"""Values by size."""

from engine.model.histogram import Histogram


def test_a_value_counts_up_to_the_bounds_it_does_not_exceed():
    histogram = Histogram((1, 2))
    for value in (0, 1, 1.5, 2, 7):
        histogram.observe(value)

    assert (histogram.cumulated, histogram.count, histogram.total) == ([2, 4, 5], 5, 11.5)


def test_a_copy_stays_as_it_is():
    histogram = Histogram((1,))
    histogram.observe(3)
    copied = histogram.copy()
    histogram.observe(0)

    assert (copied.cumulated, copied.total) == ([0, 1], 3)
