"""A zone database that says something else after a restart, as after an update of tzdata."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import TZPATH, ZoneInfo, reset_tzpath

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.identity import ScriptId, TriggerKey
from engine.model.trigger import CatchUp, CronTrigger
from engine.schedule.fire_times import fire_times
from engine.schedule.missed import settle

SCRIPT = ScriptId("etl/extract")
ZONE = "Test/Zone"


@contextmanager
def zone_database(rules: str) -> Iterator[None]:
    """Install a zone database in which the test's zone has the rules of a real one."""
    data = files("tzdata.zoneinfo").joinpath(*rules.split("/")).read_bytes()
    with TemporaryDirectory() as folder:
        path = Path(folder, ZONE)
        path.parent.mkdir()
        path.write_bytes(data)
        before = TZPATH
        reset_tzpath([folder])
        ZoneInfo.clear_cache(only_keys=[ZONE])
        try:
            yield
        finally:
            reset_tzpath(before)
            ZoneInfo.clear_cache(only_keys=[ZONE])


@settings(max_examples=25)
@given(
    expression=st.sampled_from(["30 2 * * *", "0 * * * *", "*/20 1-3 * * *", "15 0,3 * * *"]),
    old=st.sampled_from(["Europe/Berlin", "Europe/London", "Africa/Cairo"]),
    new=st.sampled_from(["Europe/Berlin", "Europe/London", "Asia/Kolkata"]),
    restart=st.integers(1, 40),
)
def test_a_new_zone_database_runs_nothing_twice_and_leaves_no_moment_out(
    expression: str, old: str, new: str, restart: int
):
    trigger = CronTrigger(
        key=TriggerKey("k"), expression=expression, timezone=ZONE, catch_up=CatchUp.ALL
    )
    begin = datetime(2026, 3, 28, 12, tzinfo=UTC)
    change, end = begin + timedelta(hours=restart), begin + timedelta(hours=48)
    with zone_database(old):
        before = settle(trigger, SCRIPT, last_due=begin, now=change, awake_since=begin)
        expected = [m.due for m in fire_times(trigger, after=begin, until=change)]
    with zone_database(new):
        after = settle(trigger, SCRIPT, last_due=before.last_due, now=end, awake_since=change)
        expected += [m.due for m in fire_times(trigger, after=change, until=end)]

    settled = [each.due for part in (before, after) for each in (*part.starts, *part.rows)]
    assert (sorted(settled), len(set(settled))) == (expected, len(settled))
