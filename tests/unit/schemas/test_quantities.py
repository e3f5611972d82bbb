"""Durations and sizes, both ways."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.quantities import format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (90, 90),
        (0.5, 0.5),
        ("90", 90),
        ("30s", 30),
        ("5m", 300),
        ("1h30m", 5400),
        ("2d", 172800),
        ("100ms", 0.1),
        ("1m500ms", 60.5),
        ("1.5h", 5400),
        ("1h 30m", 5400),
        (" 5m ", 300),
        ("0s", 0),
    ],
)
def test_a_duration_is_read_in_every_written_form(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5 minutes",
        "m5",
        "5M",
        "-5m",
        -1,
        "1:30",
        "5m5m",
        "s",
        "1e3",
        "99999999999d",
        "٣s",
        1e300,
        float("nan"),
    ],
)
def test_what_is_no_duration_is_refused_with_examples(text):
    with pytest.raises(ValueError, match="not a duration; write 90"):
        parse_duration(text)


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=36_500)))
def test_a_written_duration_reads_back_to_itself(length):
    assert parse_duration(format_duration(length)) == length


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512MB", 512_000_000),
        ("1GiB", 1 << 30),
        (1024, 1024),
        ("1.5 GB", 1_500_000_000),
        ("3kb", 3000),
        ("7B", 7),
    ],
)
def test_a_size_is_read_in_every_written_form(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["512M", "big", "-1MB", "", "1XB", "1TB1"])
def test_what_is_no_size_is_refused_with_examples(text):
    with pytest.raises(ValueError, match="not a size; write 512MB"):
        parse_size(text)


@given(st.integers(min_value=0, max_value=1 << 50))
def test_a_written_size_reads_back_to_itself(size):
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0B"), (10_000_000, "10MB"), (1 << 30, "1GiB"), (1536, "1536B")]
)
def test_a_size_is_written_with_the_smallest_number(size, text):
    assert format_size(size) == text
