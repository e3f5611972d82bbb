"""Durations as bytes: counted one by one, all at once, and added."""

import sqlite3
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.durations import range_of
from engine.store.durations import added, teach, with_duration

DURATIONS = st.lists(st.none() | st.integers(0, 1 << 40), max_size=30)


def one_by_one(durations: list[int | None]) -> bytes | None:
    counted: bytes | None = None
    for duration in durations:
        counted = with_duration(counted, duration)
    return counted


def at_once(durations: list[int | None]) -> bytes | None:
    connection = sqlite3.connect(":memory:")
    teach(connection)
    connection.execute("CREATE TABLE runs (ms)")
    connection.executemany("INSERT INTO runs VALUES (?)", [(one,) for one in durations])
    (found,) = connection.execute("SELECT durations_of(ms) FROM runs").fetchone()
    connection.close()
    return found


@settings(max_examples=50)
@given(durations=DURATIONS)
def test_counted_at_once_is_counted_one_by_one(durations: list[int | None]):
    assert at_once(durations) == one_by_one(durations)


@settings(max_examples=50)
@given(days=st.lists(DURATIONS, max_size=5))
def test_days_add_up(days: list[list[int | None]]):
    runs = Counter(range_of(ms) for day in days for ms in day if ms is not None)

    assert added([one_by_one(day) for day in days]) == runs


def test_the_durations_of_one_script_take_few_bytes():
    durations = one_by_one([1_000, 1_100, 1_250])

    assert durations is not None
    assert len(durations) < 30
