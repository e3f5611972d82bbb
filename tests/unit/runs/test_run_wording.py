from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.runs import wording


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.25, "250ms"),
        (1.5, "1.5s"),
        (30, "30s"),
        (300, "5m"),
        (5400, "1h30m"),
        (172_800, "2d"),
        (90_061, "1d1h1m1s"),
    ],
)
def test_a_duration_is_written_as_in_a_manifest(seconds, text):
    assert wording.duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (530_400_000, "530 MB"),
        (512_000_000, "512 MB"),
        (1_066_000_000, "1.07 GB"),
        (999_900, "1000 kB"),
        (3 * 10**12, "3 TB"),
    ],
)
def test_a_size_has_three_figures(count, text):
    assert wording.size(count) == text


def test_a_size_can_be_written_in_units_of_1024():
    assert wording.size(512 * 2**20, binary=True) == "512 MiB"


@pytest.mark.parametrize(("count", "binary"), [(2**30, True), (512_000_000, False), (0, False)])
def test_a_limit_in_units_of_1024_is_recognised(count, binary):
    assert wording.is_binary(count) is binary


def test_a_moment_is_written_in_utc():
    at = datetime(2026, 5, 1, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))

    assert wording.moment(at) == "2026-05-01T10:00:00Z"


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (120, "signal 120")])
def test_a_signal_is_written_by_its_name(number, name):
    assert wording.signal_name(number) == name
