"""A run as a row."""

from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.run import Run
from engine.store.moments import moment, stored
from engine.store.rows import CHANGING, FIXED, changing_values, decoded, fixed_values
from tests.fakes.run_facts import a_run


def as_read(run: Run) -> Run:
    return decoded((*fixed_values(run), *changing_values(run)))


def test_every_field_of_a_run_has_its_column():
    assert sorted((*FIXED, *CHANGING)) == sorted(field.name for field in fields(Run))


def test_a_run_that_was_read_is_a_run_like_any_other():
    run = as_read(a_run("r1"))

    assert (type(run), run, hash(run), repr(run)) == (
        Run,
        a_run("r1"),
        hash(a_run("r1")),
        repr(a_run("r1")),
    )


def test_a_run_that_was_read_is_frozen():
    with pytest.raises(FrozenInstanceError):
        as_read(a_run("r1")).reason = "changed"


ZONES = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=ZONES))  # noqa: DTZ001
def test_a_moment_comes_back_to_the_microsecond(when: datetime):
    back = moment(stored(when))

    assert (back, back.tzinfo) == (when, UTC)
