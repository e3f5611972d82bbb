"""List a script's coming moments over all of its timed triggers."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from itertools import islice
from typing import NamedTuple

from engine.model.identity import ScriptId, TriggerKey
from engine.model.trigger import AtTrigger, CronTrigger, TimedTrigger, Trigger
from engine.schedule.fire_times import Moment, fire_times
from engine.schedule.zones import zone_of


class Coming(NamedTuple):
    moment: Moment
    trigger: TriggerKey
    local: datetime
    """The due time in the trigger's own zone, for people: print it with `isoformat()`."""


def coming(
    triggers: Iterable[Trigger], script: ScriptId, *, from_: datetime, count: int
) -> tuple[Coming, ...]:
    """Return the next `count` moments after `from_` that will run, earliest first.

    Triggers without due times and those that are not enabled are passed over.
    """
    streams = [
        _stream(trigger, script, from_)
        for trigger in triggers
        if isinstance(trigger, TimedTrigger) and trigger.enabled
    ]
    merged = heapq.merge(*streams, key=lambda each: (each.moment.due, each.trigger))
    return tuple(islice(merged, count))


def zone_for(trigger: TimedTrigger) -> tzinfo:
    """Return the zone in which people think of the trigger; UTC where it names none."""
    match trigger:
        case CronTrigger():
            return zone_of(trigger.timezone)
        case AtTrigger():
            return trigger.moment.tzinfo or UTC
        case _:
            return UTC


def _stream(trigger: TimedTrigger, script: ScriptId, after: datetime) -> Iterator[Coming]:
    zone = zone_for(trigger)
    for moment in fire_times(trigger, after=after, script=script):
        if moment.runs:
            yield Coming(moment, trigger.key, moment.due.astimezone(zone))
