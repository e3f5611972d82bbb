"""Many denied attempts become few entries."""

from dataclasses import replace
from datetime import timedelta

from engine.model.audit import AuditEntry
from engine.service.gathering import MOST_TOLD_APART, WINDOW, Gathering
from tests.fakes.clock import START

DENIED = AuditEntry(
    at=START, address="192.0.2.7", action="GET /api/runs", status=401, code="unauthorized"
)


def test_the_first_attempt_is_told_at_once_and_those_that_follow_are_not():
    gathering = Gathering()

    assert [gathering.take(DENIED, at) for at in (0.0, 1.0, 2.0)] == [True, False, False]


def test_what_followed_is_one_entry_when_the_minute_is_over():
    gathering = Gathering()
    latest = replace(DENIED, at=START + timedelta(seconds=9), action="GET /api/keys")
    for entry in (DENIED, DENIED, latest):
        gathering.take(entry, 0.0)

    assert gathering.ended(WINDOW) == [replace(latest, count=2)]


def test_a_minute_that_is_not_over_tells_nothing():
    gathering = Gathering()
    for _ in range(3):
        gathering.take(DENIED, 0.0)

    assert (gathering.ended(WINDOW - 1), gathering.next_end) == ([], WINDOW)


def test_a_single_attempt_leaves_nothing_behind():
    gathering = Gathering()
    gathering.take(DENIED, 0.0)

    assert (gathering.ended(WINDOW), gathering.next_end) == ([], None)


def test_addresses_accounts_and_reasons_are_told_apart():
    gathering = Gathering()
    others = (
        DENIED,
        replace(DENIED, address="192.0.2.8"),
        replace(DENIED, who="reader"),
        replace(DENIED, code="forbidden", status=403),
    )

    assert [gathering.take(entry, 0.0) for entry in others] == [True] * 4


def test_addresses_without_end_become_no_entries_without_end():
    gathering = Gathering()
    told = [
        gathering.take(replace(DENIED, address=f"10.0.0.{number}"), 0.0)
        for number in range(MOST_TOLD_APART + 1000)
    ]

    assert sum(told) == MOST_TOLD_APART + 1
    assert [entry.count for entry in gathering.ended(WINDOW)] == [999]
