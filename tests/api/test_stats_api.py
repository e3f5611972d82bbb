"""Runs taken together, over HTTP."""

from datetime import timedelta

import pytest

from engine.model.account import Role
from engine.model.run import RunStatus
from tests.fakes.engine import NOON, a_run
from web.permissions import Keys, Principal

SOME = "a-key-for-some-scripts"


@pytest.fixture
def ended(engine):
    """Ten runs of one script on two days, and one of another script."""
    for number in range(10):
        engine.statistics.ended.append(
            a_run(
                f"r{number}",
                status=RunStatus.FAILED if number == 9 else RunStatus.SUCCESS,
                finished_at=NOON - timedelta(days=number // 5),
                duration_ms=100 * (number + 1),
                cpu_ms=10,
                peak_memory_bytes=1_000_000,
            )
        )
    engine.statistics.ended.append(
        a_run(
            "other", script="web/site", status=RunStatus.SKIPPED, started_at=None, duration_ms=None
        )
    )


@pytest.fixture
def stats(call, ended):
    return lambda query="", **options: call("GET", f"/api/stats{query}", **options).json()


def test_all_runs_add_up(stats):
    total = stats()["total"]

    assert total == {
        "runs": 11,
        "succeeded": 9,
        "failed": 1,
        "other": 1,
        "success_rate": 0.9,
        "by_status": {"failed": 1, "skipped": 1, "success": 9},
        "duration_ms": {
            "runs": 10,
            "mean": 550.0,
            "min": 100,
            "max": 1000,
            "p50": 496,
            "p90": 928,
            "p95": 992,
            "p99": 992,
        },
        "cpu_ms": {"total": 100, "mean": 10.0, "max": 10},
        "peak_memory_bytes": {"runs": 10, "mean": 1_000_000, "max": 1_000_000},
    }


def test_scripts_are_told_apart(stats):
    items = stats()["items"]

    assert [(one["script"], one["runs"], one["success_rate"]) for one in items] == [
        ("etl/load", 10, 0.9),
        ("web/site", 1, None),
    ]


def test_what_was_not_measured_is_null(stats):
    site = stats("?script=web/site")["items"][0]

    assert (site["duration_ms"], site["cpu_ms"], site["peak_memory_bytes"]) == (None, None, None)


def test_days_are_told_apart(stats):
    answer = stats("?by=day")

    assert [(one["day"], one["runs"]) for one in answer["items"]] == [
        ("2026-11-23", 5),
        ("2026-11-24", 6),
    ]
    assert answer["next_cursor"] is None


def test_the_answer_says_of_which_time_it_is(stats):
    answer = stats("?since=2026-11-24T10:00:00Z")

    assert (answer["since"], answer["until"], answer["total"]["runs"]) == (
        "2026-11-24T00:00:00Z",
        "2026-11-25T00:00:00Z",
        6,
    )


def test_a_page_goes_on_at_its_cursor_without_the_total(stats):
    first = stats("?limit=1")
    second = stats(f"?limit=1&cursor={first['next_cursor']}")

    assert (second["items"][0]["script"], second["total"]) == ("web/site", None)


@pytest.mark.parametrize(
    "query",
    [
        "?by=week",
        "?since=2026-11-25T00:00:00Z",
        "?since=2026-11-24T00:00:00Z&until=2026-11-23T00:00:00Z",
        "?since=0001-01-01T00:00:00Z",
        "?since=9999-12-31T23:59:59Z&until=9999-12-31T23:59:59.9Z",
        "?since=9999-12-31T23:59:59-12:00",
        "?limit=0",
        "?since=yesterday",
    ],
)
def test_a_span_or_grouping_that_makes_no_sense_is_refused(call, ended, query):
    answer = call("GET", f"/api/stats{query}")

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


@pytest.fixture
def narrow_key(app):
    before = app.state.keys
    app.state.keys = Keys({SOME: Principal(name="web", role=Role.VIEWER, scripts=("web/*",))})
    yield SOME
    app.state.keys = before


@pytest.mark.parametrize("query", ["", "?by=day", "?script=etl/load", "?folder=etl"])
def test_a_key_for_some_scripts_learns_of_no_others(stats, narrow_key, query):
    answer = stats(query, key=narrow_key)

    runs = sum(one["runs"] for one in answer["items"])
    assert runs == answer["total"]["runs"] == (0 if "etl" in query else 1)
