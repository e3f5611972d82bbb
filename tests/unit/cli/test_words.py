"""Words of the terminal."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.model.run import RunStatus
from engine.model.status import ScriptStatus
from web.cli.words import (
    RUN_LOOKS,
    SCRIPT_LOOKS,
    SCRIPT_SENTENCES,
    count,
    duration,
    local,
    run_sentence,
    size,
    some_of,
    until,
)

NOW = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "reason", "milliseconds", "text"),
    [
        (RunStatus.SUCCESS, "", 4200, "success in 4.2 s"),
        (RunStatus.FAILED, "exit 3", 2000, "failed, exit 3 after 2 s"),
        (RunStatus.FAILED, "SIGSEGV", None, "failed, SIGSEGV"),
        (RunStatus.CANCELLED, "cancelled by ada", 2100, "cancelled by ada after 2.1 s"),
        (RunStatus.SKIPPED, "overlap", None, "skipped: overlap"),
        (RunStatus.ENV_FAILED, "no such package", None, "environment failed: no such package"),
        (RunStatus.TIMEOUT, "limit 5m", 300_000, "timeout, limit 5m"),
        (RunStatus.QUEUED, "waits for group warehouse", None, "queued: waits for group warehouse"),
        (RunStatus.RUNNING, "", None, "running"),
    ],
)
def test_a_run_is_told_in_a_sentence(status, reason, milliseconds, text):
    assert run_sentence(status, reason, milliseconds) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1000, "1 s"),
        (59_940, "59.9 s"),
        (59_999, "60 s"),
        (60_000, "1:00"),
        (100_500, "1:40"),
        (7_509_000, "2:05:09"),
        (172_800_000, "2 d 0 h"),
    ],
)
def test_a_duration_is_as_exact_as_it_is_long(milliseconds, text):
    assert duration(milliseconds) == text


@pytest.mark.parametrize(
    ("bytes_", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_400_000, "1.4 MB"),
        (5 * 10**12, "5000.0 GB"),
    ],
)
def test_a_size_has_its_unit(bytes_, text):
    assert size(bytes_) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "now"),
        (0, "now"),
        (12, "in 12 s"),
        (240, "in 4 min"),
        (3 * 3600, "in 3 h"),
        (47 * 3600, "in 47 h"),
        (5 * 86_400, "in 5 d"),
    ],
)
def test_a_coming_moment_is_told_by_its_distance(seconds, text):
    assert until(NOW + timedelta(seconds=seconds), NOW) == text


def test_numbers_and_nouns_agree():
    assert [count(number, "run") for number in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]


def test_no_moment_is_a_dash():
    assert local(None) == "-"


def test_a_moment_of_the_api_is_read():
    assert local("2026-05-01T09:00:00Z") == local(NOW)


def test_every_status_has_its_own_mark():
    marks = [look.mark for look in RUN_LOOKS.values()]
    plain = [look.plain for look in RUN_LOOKS.values()]

    assert (set(RUN_LOOKS), len(set(marks)), len(set(plain))) == (
        set(RunStatus),
        len(RunStatus),
        len(RunStatus),
    )


def test_every_script_status_has_a_mark_and_a_sentence():
    assert set(SCRIPT_LOOKS) == set(SCRIPT_SENTENCES) == set(ScriptStatus)


@pytest.mark.parametrize(
    ("names", "text"),
    [(["a"], "a"), (["a", "b", "c"], "a, b, c"), (list("abcde"), "a, b, c and 2 more")],
)
def test_of_many_names_some_are_listed(names, text):
    assert some_of(names) == text
