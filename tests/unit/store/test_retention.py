"""Which runs are old enough to go."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from engine.model.identity import RunId
from engine.model.script import Keep
from engine.store.retention import Age, expired
from tests.fakes.run_facts import NOON

LONG = Keep(runs=3, days=90)


def ages(*kinds: str) -> list[Age]:
    """Make runs an hour apart, newest first: `ran`, `skipped` or `running`."""
    return [
        Age(
            RunId(f"{place}-{kind}"),
            NOON - timedelta(hours=place),
            started=kind != "skipped",
            final=kind != "running",
        )
        for place, kind in enumerate(kinds)
    ]


def gone(runs: list[Age], keep: Keep) -> list[str]:
    return list(expired(runs, keep, NOON))


def test_the_newest_runs_stay_and_older_ones_go():
    assert gone(ages("ran", "ran", "ran", "ran", "ran"), LONG) == ["3-ran", "4-ran"]


def test_runs_that_never_started_do_not_push_out_real_ones():
    runs = ages("skipped", "skipped", "skipped", "skipped", "ran", "ran", "ran")

    assert gone(runs, LONG) == ["3-skipped"]


def test_runs_older_than_the_days_go_however_few_they_are():
    assert gone(ages(*["ran"] * 26), Keep(runs=99, days=1)) == ["25-ran"]


def test_a_run_exactly_as_old_as_the_days_stays():
    assert gone(ages(*["ran"] * 25), Keep(runs=99, days=1)) == []


def test_a_run_that_is_not_over_never_goes():
    assert gone(ages("ran", "ran", "ran", "running"), Keep(runs=1, days=0)) == ["1-ran", "2-ran"]


def test_a_running_run_counts_as_one_that_started():
    assert gone(ages("running", "ran", "ran", "ran"), LONG) == ["3-ran"]


KINDS = st.lists(st.sampled_from(["ran", "skipped", "running"]), max_size=12)


@given(KINDS, st.integers(0, 5), st.integers(0, 1))
def test_deleting_what_is_expired_leaves_nothing_to_delete(kinds: list[str], runs: int, days: int):
    keep = Keep(runs=runs, days=days)
    all_runs = ages(*kinds)
    first = set(gone(all_runs, keep))

    assert gone([run for run in all_runs if run.id not in first], keep) == []
