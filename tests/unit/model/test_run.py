"""A run is unchangeable; what becomes of it is another one."""

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime

import pytest

from engine.model.run import Cause, Run, RunStatus

RUN = Run(
    id="r1",
    script="etl/daily",
    status=RunStatus.QUEUED,
    cause=Cause.MANUAL,
    queued_at=datetime(2026, 1, 1, tzinfo=UTC),
    args=("--all",),
)


def test_a_changed_copy_is_what_replace_gives():
    changes = {"status": RunStatus.FAILED, "exit_code": -9}

    assert RUN.but(**changes) == replace(RUN, **changes)


def test_a_changed_copy_leaves_the_run_as_it_was():
    before = replace(RUN)

    RUN.but(reason="killed")

    assert before == RUN


def test_a_changed_copy_cannot_be_changed_itself():
    copy = RUN.but(reason="killed")

    with pytest.raises(FrozenInstanceError):
        copy.reason = "other"


def test_a_field_that_a_run_does_not_have_is_refused():
    with pytest.raises(KeyError, match="resaon"):
        RUN.but(resaon="killed")
