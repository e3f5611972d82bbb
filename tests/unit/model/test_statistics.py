"""Figures of many runs, and how exact they are."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.model.durations import LARGEST_ERROR
from engine.model.run import RunStatus
from engine.model.statistics import (
    MOST_DAYS,
    Figures,
    StatisticsFilter,
    days_between,
)
from tests.fakes.run_facts import a_run
from tests.fakes.statistics import figures_of

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
DURATIONS = st.lists(st.integers(0, 10_000_000), min_size=1, max_size=60)


def ran(durations: list[int]) -> Figures:
    return figures_of(
        [a_run(status=RunStatus.SUCCESS, started_at=NOW, duration_ms=one) for one in durations]
    )


@settings(max_examples=60)
@given(durations=DURATIONS, percent=st.sampled_from([1, 50, 90, 95, 99, 100]))
def test_a_percentile_is_off_by_no_more_than_is_told(durations: list[int], percent: int):
    rank = max(-(-len(durations) * percent // 100), 1)
    exact = sorted(durations)[rank - 1]

    (found,) = ran(durations).percentiles_ms(percent)

    assert abs(found - exact) <= LARGEST_ERROR * exact


def test_a_percentile_of_equal_durations_is_theirs():
    assert ran([1_234] * 5).percentiles_ms(50, 95) == (1_234, 1_234)


def test_percentiles_are_found_in_one_walk():
    assert ran(list(range(10))).percentiles_ms(10, 50, 51, 99) == (0, 4, 5, 9)


def test_no_run_has_no_percentile():
    assert Figures().percentiles_ms(50) == ()


@pytest.mark.parametrize(
    ("runs", "rate"),
    [
        ({RunStatus.SUCCESS: 3, RunStatus.TIMEOUT: 1}, 0.75),
        ({RunStatus.SUCCESS: 1, RunStatus.SKIPPED: 9, RunStatus.MISSED: 1}, 1.0),
        ({RunStatus.CANCELLED: 2}, None),
        ({RunStatus.ENV_FAILED: 1, RunStatus.INTERRUPTED: 1, RunStatus.OUT_OF_MEMORY: 1}, 0.0),
        ({}, None),
    ],
)
def test_only_runs_that_did_their_work_or_did_not_are_judged(
    runs: dict[RunStatus, int], rate: float | None
):
    assert Figures(runs=runs).success_rate == rate


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (None, None, (date(2026, 4, 2), date(2026, 5, 1))),
        (NOW, None, (date(2026, 5, 1), date(2026, 5, 1))),
        (datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), None),
        (None, datetime(1, 1, 1, 1, tzinfo=UTC), (date(1, 1, 1), date(1, 1, 1))),
    ],
)
def test_a_span_is_made_of_whole_days(
    since: datetime | None, until: datetime | None, days: tuple[date, date] | None
):
    assert days_between(since, until, NOW) == (days or (date(2026, 4, 1), date(2026, 4, 30)))


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (NOW, NOW),
        (datetime(2026, 5, 2, tzinfo=UTC), None),
        (datetime(9999, 12, 31, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
        (None, datetime.min.replace(tzinfo=UTC)),
        (datetime(2000, 1, 1, tzinfo=UTC), None),
    ],
)
def test_a_span_that_holds_no_day_or_too_many_is_refused(
    since: datetime | None, until: datetime | None
):
    with pytest.raises(InvalidInput):
        days_between(since, until, NOW)


def test_the_longest_span_is_told():
    first = date.fromordinal(NOW.toordinal() - MOST_DAYS + 1)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)

    assert days_between(since, None, NOW) == (first, NOW.date())


@pytest.mark.parametrize(
    ("facets", "narrow"), [({}, False), ({"folder": ""}, False), ({"patterns": ("a/*",)}, True)]
)
def test_a_filter_knows_if_it_lets_all_through(facets: dict[str, object], narrow: bool):
    which = StatisticsFilter(first=NOW.date(), last=NOW.date(), **facets)  # pyright: ignore[reportArgumentType]

    assert which.narrow is narrow
