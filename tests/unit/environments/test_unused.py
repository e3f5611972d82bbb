"""Which environments are deleted."""

from datetime import UTC, datetime, timedelta

from engine.environments.unused import LastUse, unused
from engine.model.identity import EnvironmentKey

NOW = datetime(2026, 5, 1, tzinfo=UTC)
KEEP = timedelta(days=14)
OLD = LastUse(key=EnvironmentKey("old"), at=NOW - timedelta(days=15))
RECENT = LastUse(key=EnvironmentKey("recent"), at=NOW - timedelta(days=14))


def test_only_what_was_not_used_for_longer_is_deleted():
    assert list(unused([OLD, RECENT], (), now=NOW, keep=KEEP)) == ["old"]


def test_what_is_in_use_is_not_deleted_however_old():
    assert list(unused([OLD, RECENT], {OLD.key}, now=NOW, keep=KEEP)) == []


def test_with_no_time_to_keep_everything_unused_is_deleted():
    assert list(unused([OLD, RECENT], (), now=NOW, keep=timedelta(0))) == ["old", "recent"]
