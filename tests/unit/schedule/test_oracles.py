"""Compare due times with a walk over every minute, and with croniter away from the changes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.identity import TriggerKey
from engine.model.run import Outcome
from engine.model.trigger import CronTrigger
from engine.schedule.cron import parse
from engine.schedule.fire_times import cron_instants, fire_times, first_instant, has_moment

MINUTE = timedelta(minutes=1)

CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2027, 3, 14, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2027, 11, 7, 6, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 4, 5, 3, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 9, 6, 4, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 10, 29, 21, tzinfo=UTC)),
    ("Asia/Kolkata", datetime(2026, 6, 1, tzinfo=UTC)),
]


def part(low: int, high: int) -> st.SearchStrategy[str]:
    """A field that cron and a simple oracle read alike."""
    number = st.integers(low, high)
    return st.one_of(
        st.just("*"),
        number.map(str),
        st.lists(number, min_size=2, max_size=3).map(lambda all_: ",".join(map(str, all_))),
        st.tuples(number, number)
        .filter(lambda ends: ends[0] < ends[1])
        .map(lambda ends: f"{ends[0]}-{ends[1]}"),
        st.integers(2, (high - low) // 2).map(lambda step: f"*/{step}"),
    )


NIGHT_HOURS = st.one_of(part(0, 23), st.sampled_from(["0", "1", "2", "3", "23", "0-3", "1,2"]))
EXPRESSIONS = st.tuples(
    part(0, 59), NIGHT_HOURS, st.one_of(st.just("*"), part(1, 31)), st.just("*"),
    st.one_of(st.just("*"), part(0, 6)),
).map(" ".join)  # fmt: skip


def values(field: str, low: int, high: int) -> set[int]:
    """Read a field in the plainest way."""
    found: set[int] = set()
    for item in field.split(","):
        base, _, step = item.partition("/")
        first, _, last = (f"{low}-{high}" if base == "*" else base).partition("-")
        found.update(range(int(first), int(last or first) + 1, int(step or 1)))
    return found


class Oracle:
    """Walks over every minute of real time and looks at the clock on the wall."""

    def __init__(self, expression: str, zone: ZoneInfo) -> None:
        minute, hour, day, _, weekday = expression.split()
        self.zone = zone
        self.minutes, self.hours = values(minute, 0, 59), values(hour, 0, 23)
        self.days, self.weekdays = values(day, 1, 31), values(weekday, 0, 6)
        self.either = not day.startswith("*") and not weekday.startswith("*")
        self.elapsed = any(sign in minute + hour for sign in "*/")

    def names(self, wall: datetime) -> bool:
        by_month = wall.day in self.days
        by_week = wall.isoweekday() % 7 in self.weekdays
        day = by_month or by_week if self.either else by_month and by_week
        return day and wall.hour in self.hours and wall.minute in self.minutes

    def moments(self, after: datetime, until: datetime) -> Iterator[tuple[datetime, str]]:
        seen = {self.wall(after - MINUTE * n) for n in range(180)}
        instant = after
        while (instant := instant + MINUTE) <= until:
            wall, before = self.wall(instant), self.wall(instant - MINUTE)
            if self.elapsed:
                if self.names(wall):
                    yield instant, ""
            elif self.names(wall):
                yield instant, "deduplicated" if wall in seen else ""
            elif any(self.names(skipped) for skipped in between(before, wall)):
                yield instant, "shifted"
            seen.add(wall)

    def wall(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone).replace(tzinfo=None, fold=0)


def between(before: datetime, wall: datetime) -> Iterator[datetime]:
    while (before := before + MINUTE) < wall:
        yield before


@settings(max_examples=40)
@given(expression=EXPRESSIONS, change=st.sampled_from(CHANGES), back=st.integers(0, 500))
def test_over_a_change_of_the_clocks_due_times_are_those_of_a_walk_over_every_minute(
    expression: str, change: tuple[str, datetime], back: int
):
    timezone, instant = change
    after, until = instant - MINUTE * back, instant + MINUTE * 400
    trigger = CronTrigger(key=TriggerKey("k"), expression=expression, timezone=timezone)

    found = [(m.due, str(m.shift or "")) for m in fire_times(trigger, after=after, until=until)]

    assert found == list(Oracle(expression, ZoneInfo(timezone)).moments(after, until))


@settings(max_examples=40)
@given(
    minute=part(0, 59),
    hour=part(0, 23),
    day=st.one_of(part(1, 31), st.just("L")),
    month=part(1, 12),
    weekday=part(0, 6),
    minutes=st.integers(0, 16 * 366 * 1440),
)
def test_where_no_clock_changes_due_times_are_those_of_croniter(
    minute: str, hour: str, day: str, month: str, weekday: str, minutes: int
):
    expression = f"{minute} {hour} {day} {month} {weekday}"
    after = datetime(2024, 1, 1, tzinfo=UTC) + MINUTE * minutes
    trigger = CronTrigger(key=TriggerKey("k"), expression=expression, timezone="UTC")
    theirs = croniter(expression, after, ret_type=datetime, implement_cron_bug=True)

    found = [moment.due for moment in islice(fire_times(trigger, after=after), 4)]

    assert found == [theirs.get_next() for _ in range(4)]


@settings(max_examples=40)
@given(
    expression=EXPRESSIONS,
    change=st.sampled_from(CHANGES),
    cuts=st.lists(st.integers(1, 2000), min_size=1, max_size=6),
)
def test_it_makes_no_difference_where_a_search_begins(
    expression: str, change: tuple[str, datetime], cuts: list[int]
):
    timezone, instant = change
    start, end = instant - MINUTE * 900, instant + MINUTE * 1200
    trigger = CronTrigger(key=TriggerKey("k"), expression=expression, timezone=timezone)
    edges = sorted({start + MINUTE * cut for cut in cuts} | {start, end})

    pieces = [
        moment
        for first, last in pairwise(edges)
        for moment in fire_times(trigger, after=first, until=last)
    ]

    assert pieces == list(fire_times(trigger, after=start, until=end))


def test_every_kind_of_moment_is_met_by_the_oracle():
    berlin = ZoneInfo("Europe/Berlin")
    kinds = {
        kind
        for day in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC))
        for _, kind in Oracle("30 2 * * *", berlin).moments(day, day + timedelta(hours=4))
    }

    assert kinds == {"", Outcome.SHIFTED.value, Outcome.DEDUPLICATED.value}


@settings(max_examples=60)
@given(EXPRESSIONS, st.sampled_from(CHANGES), st.lists(st.integers(-9000, 9000), min_size=4))
def test_what_is_remembered_is_what_a_new_search_finds(
    expression: str, change: tuple[str, datetime], seconds: list[int]
):
    name, at = change
    pattern, zone = parse(expression), ZoneInfo(name)
    starts = [int(at.timestamp()) + offset for offset in seconds]

    remembered = [first_instant(pattern, zone, start) for start in starts]

    end = starts[0] + 400 * 86_400
    assert remembered == [next(cron_instants(pattern, zone, start, end), None) for start in starts]


@settings(max_examples=60)
@given(EXPRESSIONS, st.sampled_from(CHANGES), st.integers(-9000, 9000), st.integers(0, 90_000))
def test_a_span_has_a_moment_if_the_walk_finds_one(
    expression: str, change: tuple[str, datetime], offset: int, length: int
):
    name, at = change
    trigger = CronTrigger(key=TriggerKey("t"), expression=expression, timezone=name)
    after = at + timedelta(seconds=offset)
    until = after + timedelta(seconds=length)

    assert has_moment(trigger, after, until) == any(fire_times(trigger, after=after, until=until))
