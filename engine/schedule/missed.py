"""Decide what becomes of the moments that came since a trigger was last settled.

`last_due` is a watermark: every moment up to it is in the ledger and is never
looked at again, so no restart, set-back clock or new zone database runs one
twice. Moments after it are settled once their start has come:

- one that came while the server was awake runs, however late it is noticed;
- one that came before `awake_since`, while the server was down or the machine
  asleep, is caught up as the trigger asks or is missed;
- one of a paused or blocked script leaves a row that says so.

A clock that jumps ahead makes the moments in between missed ones, as downtime
does. A clock that was wrong and is set back finds a watermark in its future:
within a minute it waits, beyond that the watermark moves back to now, because a
schedule must not stand still until a wrong time comes true. What ran in that
future keeps its run id, formed from script, trigger and due time, and so is not
run again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import NamedTuple

from engine.model.identity import ScriptId
from engine.model.run import Cause, Occurrence, Outcome
from engine.model.trigger import CatchUp, TimedTrigger
from engine.schedule.describe import spell
from engine.schedule.fire_times import Moment, delay_of, fire_times, has_moment

MOST_AT_ONCE = 10_000
"""Moments of one trigger that are settled one by one; older ones share a single row."""

SET_BACK = timedelta(minutes=1)
"""How far ahead of the clock a watermark may be before it is taken for a wrong one."""

_DOWN = "the server was down or the machine asleep"
_REPEATED = "daylight saving repeats this hour; it ran the first time"


class Hold(NamedTuple):
    """Why a script's moments do not run for now."""

    outcome: Outcome
    """PAUSED or BLOCKED."""
    reason: str


PAUSED = Hold(Outcome.PAUSED, "enabled: false")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A moment that asks for a run now."""

    due: datetime
    cause: Cause
    """SCHEDULE or CATCH_UP."""
    outcome: Outcome
    """What the ledger says if it runs: RAN, SHIFTED or CAUGHT_UP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What follows for one trigger; each moment is either in `starts` or in `rows`."""

    starts: tuple[Start, ...] = ()
    """Oldest first."""
    rows: tuple[Occurrence, ...] = ()
    """Of moments that do not run."""
    last_due: datetime
    """The new watermark. With no starts and no rows it need not be written to disk."""
    note: str = ""
    """For the journal, when the watermark had to be moved back."""


def settle(
    trigger: TimedTrigger,
    script: ScriptId,
    *,
    last_due: datetime,
    now: datetime,
    awake_since: datetime,
    hold: Hold | None = None,
) -> Settlement:
    """Settle the trigger's moments after `last_due` whose start has come by `now`.

    `awake_since` is the wall-clock time from which on the engine was running without a
    break: its start, or the end of the last jump of the clock. A trigger that is seen for the
    first time, or whose definition changed, is given `last_due = now` by the caller.
    """
    if last_due > now + SET_BACK:
        note = f"the clock was set back: last settled up to {_iso(last_due)}, now {_iso(now)}"
        return Settlement(last_due=now, note=note)
    upto = now - delay_of(script, trigger)
    if upto <= last_due:
        return Settlement(last_due=last_due)
    if not has_moment(trigger, last_due, upto):
        return Settlement(last_due=upto)
    if awake_since > now:
        awake_since = last_due  # the clock was set back since; the engine was there all along
    moments, first = _newest(trigger, script, last_due, upto)
    running = [moment for moment in moments if moment.runs]
    rows = [
        (moment, Hold(Outcome.DEDUPLICATED, _REPEATED)) for moment in moments if not moment.runs
    ]
    starts: tuple[Start, ...] = ()
    if hold is not None:
        rows += [(moment, hold) for moment in running]
    else:
        lost = [moment for moment in running if moment.start < awake_since]
        caught_up, missed = _catch_up(trigger, lost, now)
        starts = (*caught_up, *(_on_time(moment) for moment in running[len(lost) :]))
        rows += missed
    if first is not None:
        rows.insert(0, (first, _summary(moments, hold)))
    return Settlement(
        starts=starts,
        rows=tuple(_row(script, trigger, moment, why) for moment, why in rows),
        last_due=upto,
    )


def _on_time(moment: Moment) -> Start:
    outcome = Outcome.RAN if moment.shift is None else moment.shift
    return Start(due=moment.due, cause=Cause.SCHEDULE, outcome=outcome)


def _catch_up(
    trigger: TimedTrigger, lost: Sequence[Moment], now: datetime
) -> tuple[list[Start], list[tuple[Moment, Hold]]]:
    """Divide moments nobody was there for into those to start now and those that are missed."""
    recent = [moment for moment in lost if moment.due >= now - trigger.catch_up_window]
    old = lost[: len(lost) - len(recent)]
    kept = {CatchUp.NONE: 0, CatchUp.LATEST: 1, CatchUp.ALL: len(recent)}[trigger.catch_up]
    passed, chosen = recent[: len(recent) - kept], recent[len(recent) - kept :]
    missed = [
        (moment, _missed(f"older than its window of {spell(trigger.catch_up_window)}"))
        for moment in old
    ]
    missed += [(moment, _missed(f"catch_up: {trigger.catch_up}")) for moment in passed]
    starts = [
        Start(due=moment.due, cause=Cause.CATCH_UP, outcome=Outcome.CAUGHT_UP) for moment in chosen
    ]
    return starts, missed


def _missed(detail: str) -> Hold:
    return Hold(Outcome.MISSED, f"{_DOWN}; {detail}")


def _summary(moments: Sequence[Moment], hold: Hold | None) -> Hold:
    outcome, reason = hold or Hold(Outcome.MISSED, "too many moments at once")
    until = f"before {_iso(moments[0].due)}" if moments else "until now"
    return Hold(outcome, f"{reason}; this row stands for all moments {until}")


def _row(script: ScriptId, trigger: TimedTrigger, moment: Moment, why: Hold) -> Occurrence:
    return Occurrence(
        script=script, trigger=trigger.key, due=moment.due, outcome=why.outcome, reason=why.reason
    )


def _newest(
    trigger: TimedTrigger, script: ScriptId, after: datetime, until: datetime
) -> tuple[list[Moment], Moment | None]:
    """Return the newest moments, and the first of the older ones if there were too many.

    Counting through a year of downtime would take minutes, so the point after which at most
    MOST_AT_ONCE moments lie is guessed from how dense the oldest are, then closed in on.
    """

    def take(since: datetime) -> list[Moment]:
        coming = fire_times(trigger, after=since, until=until, script=script)
        return list(islice(coming, MOST_AT_ONCE + 1))

    oldest = take(after)
    if len(oldest) <= MOST_AT_ONCE:
        return oldest, None
    low, high, moments = after, until, list[Moment]()
    guess = max(until - (oldest[-2].due - after), after)
    while len(moments) < MOST_AT_ONCE // 2 and high - low > timedelta(seconds=1):
        found = take(guess)
        if len(found) > MOST_AT_ONCE:
            low = guess
        else:
            high, moments = guess, found
        guess = low + (high - low) / 2
    return moments, oldest[0]


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
