"""Say when a trigger is due: the one function that knows clocks and time zones.

Daylight saving follows Debian's cron(8). A job with `*` or a step in minute or
hour follows real elapsed time: it runs in both passes of a repeated hour and
not at all in a skipped one. A job at fixed times that fall into a skipped hour
runs at the first instant after it, and in a repeated hour only the first time.

An interval is counted from the Unix epoch, so neither a restart nor an edit of
another key moves it, and every machine agrees on it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import blake2b

from engine.model.identity import ScriptId
from engine.model.run import Outcome
from engine.model.trigger import AtTrigger, CronTrigger, EveryTrigger, TimedTrigger
from engine.schedule.cron import parse
from engine.schedule.pattern import HORIZON_YEARS, SECONDS_PER_DAY, Pattern, next_wall
from engine.schedule.zones import segment_at, zone_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(9990, 1, 1, tzinfo=UTC)
"""Nothing is searched outside of these: `datetime` and the zones end soon after."""

_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)
_NO_DELAY = timedelta()
_HORIZON: int = HORIZON_YEARS * 366 * SECONDS_PER_DAY
_MARGIN = 2 * SECONDS_PER_DAY
"""More than any zone changes its offset by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One due time of a trigger, in UTC."""

    due: datetime
    """The nominal time: the ledger's key, and what the script sees as PYSCHED_SCHEDULED_FOR."""
    start: datetime
    """When to start: `due` and the script's own delay."""
    shift: Outcome | None = None
    """SHIFTED: written for an hour that daylight saving skipped. DEDUPLICATED: the second pass
    of a repeated hour; it does not run and is only recorded."""

    @property
    def runs(self) -> bool:
        return self.shift is not Outcome.DEDUPLICATED


def fire_times(
    trigger: TimedTrigger,
    *,
    after: datetime,
    until: datetime | None = None,
    script: ScriptId | None = None,
) -> Iterator[Moment]:
    """Yield the moments due after `after` and, if it is given, up to and including `until`.

    The times are aware. With `script` the moments' `start` holds its jitter. Moments that
    do not run because an hour repeats are among them. Raises InvalidCron or InvalidInput.
    """
    delay = delay_of(script, trigger) if script is not None else _NO_DELAY
    match trigger:
        case CronTrigger():
            return _cron(parse(trigger.expression), zone_of(trigger.timezone), after, until, delay)
        case EveryTrigger():
            return _every(trigger.interval, after, until, delay)
        case AtTrigger():
            return _at(trigger.moment.astimezone(UTC), after, until, delay)
        case _:
            raise TypeError(f"{type(trigger).__name__} has no due times")


def next_moment(trigger: TimedTrigger, script: ScriptId | None, after: datetime) -> Moment | None:
    """Return the first moment due after `after` that runs; None when there is none."""
    first = first_moment(trigger, script, after)
    if first is None or first.runs:
        return first
    coming = fire_times(trigger, after=first.due, script=script)
    return next((moment for moment in coming if moment.runs), None)


def first_moment(trigger: TimedTrigger, script: ScriptId | None, after: datetime) -> Moment | None:
    """Return the first moment due after `after`, be it one that does not run."""
    if not isinstance(trigger, CronTrigger):
        return next(iter(fire_times(trigger, after=after, script=script)), None)
    # Ten thousand scripts share a few hundred expressions, and ask at the same moment.
    pattern, zone = parse(trigger.expression), zone_of(trigger.timezone)
    found = first_instant(pattern, zone, _first_second(after))
    if found is None:
        return None
    due = EPOCH + timedelta(seconds=found[0])
    delay = delay_of(script, trigger) if script is not None else _NO_DELAY
    return Moment(due=due, start=due + delay, shift=found[1])


def has_moment(trigger: TimedTrigger, after: datetime, until: datetime) -> bool:
    """Say whether any moment, be it one that does not run, is due after `after` up to `until`."""
    if isinstance(trigger, CronTrigger):
        start = _first_second(after)
        found = first_instant(parse(trigger.expression), zone_of(trigger.timezone), start)
        return found is not None and found[0] <= _last_second(until)
    return next(fire_times(trigger, after=after, until=until), None) is not None


def delay_of(script: ScriptId, trigger: TimedTrigger) -> timedelta:
    """Return the script's own stable delay within the trigger's jitter, in whole milliseconds."""
    if not trigger.jitter:
        return _NO_DELAY
    digest = blake2b(f"{script}\0{trigger.key}".encode(), digest_size=8).digest()
    longest = trigger.jitter // timedelta(milliseconds=1)
    return timedelta(milliseconds=int.from_bytes(digest) % (longest + 1))


def _cron(
    pattern: Pattern,
    zone: tzinfo,
    after: datetime,
    until: datetime | None,
    delay: timedelta,
) -> Iterator[Moment]:
    start, end = _first_second(after), _last_second(until or LATEST)
    for instant, shift in cron_instants(pattern, zone, start, end):
        due = EPOCH + timedelta(seconds=instant)
        yield Moment(due=due, start=due + delay, shift=shift)


def _first_second(after: datetime) -> int:
    return (max(after, EARLIEST) - EPOCH) // _SECOND + 1


def _last_second(until: datetime) -> int:
    return (min(until, LATEST) - EPOCH) // _SECOND


_known: dict[tuple[Pattern, tzinfo], tuple[int, int, Outcome | None]] = {}
"""From when on an instant is the first one, the instant, and its shift."""
_MOST_KNOWN = 4096


def first_instant(pattern: Pattern, zone: tzinfo, start: int) -> tuple[int, Outcome | None] | None:
    """Return the pattern's first instant from `start` on, in epoch seconds; None without one.

    Remembers the answer, which is the same for every later start up to the instant.
    """
    known = _known.get((pattern, zone))
    if known is not None and known[0] <= start <= known[1]:
        return known[1], known[2]
    found = next(cron_instants(pattern, zone, start, _last_second(LATEST)), None)
    if found is not None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[pattern, zone] = (start, *found)
    return found


def cron_instants(
    pattern: Pattern, zone: tzinfo, start: int, end: int
) -> Iterator[tuple[int, Outcome | None]]:
    """Yield the pattern's instants from `start` to `end`, both inclusive, in epoch seconds.

    Ends early when 50 years hold no further one.
    """
    instant: int = start
    deadline: int = start + _HORIZON
    while instant <= min(end, deadline):
        segment = segment_at(zone, instant)
        wall = instant + segment.offset
        if instant == segment.start and _skipped(pattern, segment.previous, wall, instant):
            yield instant, Outcome.SHIFTED
            deadline = instant + _HORIZON
            instant += 1
            continue
        found = next_wall(pattern, wall)
        if found is None:
            return
        due = found - segment.offset
        if due >= segment.end:
            # Nothing can match before the found wall time, whatever the offset: go near it.
            instant = max(segment.end, due - _MARGIN)
            continue
        if due > end:
            return
        repeated = not pattern.elapsed and found < segment.start + segment.previous
        yield due, Outcome.DEDUPLICATED if repeated else None
        deadline = due + _HORIZON
        instant = due + 1


def _skipped(pattern: Pattern, previous: int, wall: int, instant: int) -> bool:
    """Say if a fixed time falls into the wall time skipped at this instant and nowhere else."""
    if pattern.elapsed:
        return False
    found = next_wall(pattern, instant + previous)
    return found is not None and found < wall and next_wall(pattern, wall) != wall


def _every(
    interval: timedelta, after: datetime, until: datetime | None, delay: timedelta
) -> Iterator[Moment]:
    step = interval // _MICROSECOND
    number = ((max(after, EARLIEST) - EPOCH) // _MICROSECOND) // step + 1
    last = ((min(until or LATEST, LATEST) - EPOCH) // _MICROSECOND) // step
    while number <= last:
        due = EPOCH + timedelta(microseconds=number * step)
        yield Moment(due=due, start=due + delay)
        number += 1


def _at(
    due: datetime, after: datetime, until: datetime | None, delay: timedelta
) -> Iterator[Moment]:
    if after < due and (until is None or due <= until):
        yield Moment(due=due, start=due + delay)
