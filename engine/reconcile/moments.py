"""Decide what a script's triggers ask for now, and when to look at them again.

Each moment leaves exactly one row of the ledger; the watermark in `last_due`
moves in the same transaction as the rows, so none is settled twice or forgotten.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from engine.model.identity import TriggerKey
from engine.model.run import Cause, Occurrence, Outcome, Run
from engine.model.script import Script
from engine.model.trigger import FilesTrigger, StartupTrigger, TimedTrigger, Trigger
from engine.reconcile.enqueue import Cancel, Demand, enqueue_demands, missed_run
from engine.reconcile.observed import Observed
from engine.schedule.fire_times import first_moment, next_moment
from engine.schedule.missed import PAUSED, SET_BACK, Hold, settle

MOST_OF_PATHS: Final = 100_000
"""Bytes of paths that one run is handed: the kernel takes 128 KiB in a variable (execve(2))."""


@dataclass(kw_only=True)
class Moments:
    """What a script's triggers ask for, gathered trigger by trigger."""

    occurrences: list[Occurrence] = field(default_factory=list[Occurrence])
    runs: list[Run] = field(default_factory=list[Run])
    cancels: list[Cancel] = field(default_factory=list[Cancel])
    last_due: dict[TriggerKey, datetime] = field(default_factory=dict[TriggerKey, datetime])
    files: dict[TriggerKey, Mapping[str, str]] = field(
        default_factory=dict[TriggerKey, Mapping[str, str]]
    )
    wake_at: datetime | None = None
    notes: list[str] = field(default_factory=list[str])

    def wake(self, at: datetime) -> None:
        self.wake_at = at if self.wake_at is None else min(self.wake_at, at)


def settle_triggers(
    script: Script, last_due: Mapping[TriggerKey, datetime], observed: Observed, now: datetime
) -> Moments:
    """Settle all triggers of a script; `last_due` holds the watermark of each."""
    found = Moments()
    for trigger in script.triggers:
        match trigger:
            case TimedTrigger():
                _timed(found, script, trigger, last_due[trigger.key], observed, now)
            case StartupTrigger():
                _startup(found, script, trigger, last_due[trigger.key], observed, now)
            case FilesTrigger():
                _files(found, script, trigger, observed, now)
            case _:
                pass  # url and after wait for nobody's clock
    return found


def _timed(
    found: Moments,
    script: Script,
    trigger: TimedTrigger,
    last_due: datetime,
    observed: Observed,
    now: datetime,
) -> None:
    if last_due <= now + SET_BACK:
        first = first_moment(trigger, script.id, last_due)
        if first is not None and first.runs and first.start > now:
            # Nearly always, and then nothing is to be settled.
            found.wake(first.start)
            return
    settled = settle(
        trigger,
        script.id,
        last_due=last_due,
        now=now,
        awake_since=observed.awake_since,
        hold=_hold(script, trigger, observed),
    )
    demands = [
        Demand(due=start.due, cause=start.cause, outcome=start.outcome) for start in settled.starts
    ]
    _enqueue(found, script, trigger, demands, observed, now)
    found.occurrences += settled.rows
    _show_missed(found, trigger, now)
    if settled.starts or settled.rows or settled.note:
        found.last_due[trigger.key] = settled.last_due
    if settled.note:
        found.notes.append(f"{trigger.key}: {settled.note}")
    coming = next_moment(trigger, script.id, settled.last_due)
    if coming is not None:
        found.wake(coming.start)


def _hold(script: Script, trigger: Trigger, observed: Observed) -> Hold | None:
    """Return why the trigger's moments do not run for now, None when they do."""
    if not (script.enabled and trigger.enabled):
        return PAUSED
    return Hold(Outcome.BLOCKED, observed.blocked) if observed.blocked else None


def _show_missed(found: Moments, trigger: TimedTrigger, now: datetime) -> None:
    """Give the newest missed moment a run of its own, so that the history shows the gap.

    One for a whole gap: the ledger has them all, and a history of a thousand
    missed seconds would push out the runs that tell something.
    """
    for index in range(len(found.occurrences) - 1, -1, -1):
        row = found.occurrences[index]
        if row.trigger == trigger.key and row.outcome is Outcome.MISSED:
            run = missed_run(row, trigger, now)
            found.runs.append(run)
            found.occurrences[index] = replace(row, run_id=run.id)
            return


def _startup(
    found: Moments,
    script: Script,
    trigger: StartupTrigger,
    last_due: datetime,
    observed: Observed,
    now: datetime,
) -> None:
    started = observed.starting
    if started is None or started <= last_due <= now + SET_BACK:
        return
    # A mark from the future was made by a clock that was wrong; it stops no start.
    found.last_due[trigger.key] = started
    _ask(found, script, trigger, Demand(due=started, cause=Cause.STARTUP), observed, now)


def _files(
    found: Moments, script: Script, trigger: FilesTrigger, observed: Observed, now: datetime
) -> None:
    """Ask for a run when files appeared or changed since the trigger last looked.

    Those that lie there when the trigger is first seen are its past. More than one
    run can be handed are divided among several, a microsecond apart, so that each has
    an id and a row of its own.
    """
    seen = observed.files.get(trigger.key)
    before = observed.in_force.files.get(trigger.key) if observed.in_force else None
    if seen is None or seen == before:
        return
    found.files[trigger.key] = seen
    if before is None:
        return
    new = sorted(path for path, stamp in seen.items() if before.get(path) != stamp)
    for number, part in enumerate(_portions(new)):
        due = now + number * timedelta(microseconds=1)
        _ask(found, script, trigger, Demand(due=due, cause=Cause.FILES, files=part), observed, now)


def _portions(paths: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Divide paths, in order, into as many as one run can be handed at a time."""
    portion: list[str] = []
    size = 0
    for path in paths:
        length = len(os.fsencode(path)) + 1
        if portion and size + length > MOST_OF_PATHS:
            yield tuple(portion)
            portion, size = [], 0
        portion.append(path)
        size += length
    if portion:
        yield tuple(portion)


def _ask(
    found: Moments,
    script: Script,
    trigger: Trigger,
    demand: Demand,
    observed: Observed,
    now: datetime,
) -> None:
    """Enqueue a demand, or note why it does not run."""
    hold = _hold(script, trigger, observed)
    if hold is None:
        _enqueue(found, script, trigger, [demand], observed, now)
        return
    found.occurrences.append(
        Occurrence(
            script=script.id,
            trigger=trigger.key,
            due=demand.due,
            outcome=hold.outcome,
            reason=hold.reason,
        )
    )


def _enqueue(
    found: Moments,
    script: Script,
    trigger: Trigger,
    demands: list[Demand],
    observed: Observed,
    now: datetime,
) -> None:
    """Decide on demands with those of the script's other triggers in mind."""
    if not demands:
        return
    enqueued = enqueue_demands(script, trigger, demands, [*observed.active, *found.runs], now)
    found.occurrences += enqueued.occurrences
    found.runs += enqueued.runs
    found.cancels += enqueued.cancels
