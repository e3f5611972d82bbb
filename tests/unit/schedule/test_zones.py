from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from engine.schedule.zones import segment_at, zone_of

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def test_a_segment_begins_when_the_clocks_change():
    segment = segment_at(BERLIN, at("2026-05-01T00:00:00Z"))

    assert (segment.start, segment.offset, segment.previous) == (
        at("2026-03-29T01:00:00Z"), 7200, 3600,
    )  # fmt: skip


def test_a_segment_ends_when_the_clocks_change_again():
    assert segment_at(BERLIN, at("2026-10-25T00:59:59Z")).end == at("2026-10-25T01:00:00Z")


def test_the_instant_of_the_change_belongs_to_the_new_segment():
    assert segment_at(BERLIN, at("2026-10-25T01:00:00Z")).offset == 3600


def test_a_zone_without_changes_has_the_same_offset_before():
    segment = segment_at(ZoneInfo("Asia/Kolkata"), at("2026-05-01T00:00:00Z"))

    assert segment.offset == segment.previous


def test_segments_cover_all_time_without_holes():
    instant, end = at("2020-01-01T00:00:00Z"), at("2032-01-01T00:00:00Z")
    joints: list[bool] = []
    while instant < end:
        segment = segment_at(BERLIN, instant)
        joints.append(segment.start <= instant < segment.end)
        instant = segment.end

    assert all(joints)


def test_a_change_shortly_before_a_stretch_is_remembered_in_it():
    # Stretches begin at multiples of 2**25 seconds: put a change half an hour before one.
    change = (53 << 25) - 1800

    class Zone(tzinfo):
        def fromutc(self, dt: datetime) -> datetime:
            passed = dt.replace(tzinfo=UTC).timestamp() - change
            if passed < 0:
                return dt + timedelta(hours=2)
            return (dt + timedelta(hours=1)).replace(fold=1 if passed < 3600 else 0)

        def utcoffset(self, dt: datetime | None) -> timedelta:
            assert dt is not None
            since_repeated = dt.replace(tzinfo=UTC, fold=0).timestamp() - change - 3600
            later = since_repeated >= 3600 or (since_repeated >= 0 and dt.fold)
            return timedelta(hours=1 if later else 2)

        def dst(self, dt: datetime | None) -> timedelta:
            return timedelta()

        def tzname(self, dt: datetime | None) -> str:
            return "made up"

    segment = segment_at(Zone(), change + 3000)

    assert (segment.start, segment.previous) == (change, 7200)


def test_fixed_offsets_are_zones_as_well():
    assert segment_at(timezone(timedelta(hours=-3)), 0).offset == -10_800


def test_a_zone_is_found_by_its_name():
    assert zone_of("Europe/Berlin").key == "Europe/Berlin"
