"""Decide what follows from a run that is over: another attempt, and the scripts that wait for it.

Its result is written in the same transaction as the run's end, so that neither
a retry nor a chain of scripts is lost when the engine dies in between.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.model.identity import ScriptId
from engine.model.run import FAILURES, Cause, Occurrence, Outcome, Run, RunStatus
from engine.model.script import Script
from engine.model.trigger import AfterOutcome, AfterTrigger, Trigger
from engine.reconcile.enqueue import Cancel, Demand, Enqueued, enqueue_demands
from engine.runs.retry import next_attempt
from engine.schedule.missed import PAUSED, Hold

CIRCLE = "the scripts in force run after one another in a circle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """What is written with the end of a run, and whom it stops."""

    retry: Run | None = None
    """The next attempt; then nothing else follows yet."""
    occurrences: tuple[Occurrence, ...] = ()
    runs: tuple[Run, ...] = ()
    """Of the scripts that wait for it: queued, and skipped ones that are over already."""
    cancels: tuple[Cancel, ...] = ()

    @property
    def new_runs(self) -> tuple[Run, ...]:
        return self.runs if self.retry is None else (self.retry, *self.runs)


def consequences(
    run: Run,
    script: Script | None,
    waiting: Iterable[Script],
    active_of: Callable[[ScriptId], Sequence[Run]],
    now: datetime,
    *,
    leads_back: Callable[[ScriptId], bool] = lambda _: False,
) -> Consequences:
    """Return what a final run sets off.

    `script` is the run's own, None when it is gone or the run was told to stop, and
    so is not tried again however it ended; `waiting` are the scripts that may have an
    `after` trigger on it. A run that is tried again has not ended for
    those: they see its last attempt alone. `leads_back` says of one of them whether
    its end would, by way of others or not, set the run's own script off again.
    """
    retry = next_attempt(script, run) if script is not None else None
    if retry is not None:
        return Consequences(retry=retry)
    found: list[Enqueued] = []
    for follower in waiting:
        going = list(active_of(follower.id))
        for trigger in follower.triggers:
            if _waits_for(trigger, run):
                hold = _hold(follower, trigger, circular=leads_back(follower.id))
                found.append(
                    _set_off(follower, trigger, run, going, now)
                    if hold is None
                    else _held(follower, trigger, run, hold, now)
                )
                going += found[-1].runs
    return Consequences(
        occurrences=tuple(occurrence for each in found for occurrence in each.occurrences),
        runs=tuple(new for each in found for new in each.runs),
        cancels=tuple(cancel for each in found for cancel in each.cancels),
    )


def _waits_for(trigger: Trigger, run: Run) -> bool:
    return (
        isinstance(trigger, AfterTrigger)
        and trigger.script == run.script
        and wanted(trigger.when, run.status)
    )


def wanted(when: AfterOutcome, status: RunStatus) -> bool:
    """Say whether a run that ended with `status` sets off a trigger that waits for `when`.

    A run that was skipped, missed or cancelled has neither succeeded nor failed.
    """
    match when:
        case AfterOutcome.SUCCESS:
            return status is RunStatus.SUCCESS
        case AfterOutcome.FAILURE:
            return status in FAILURES
        case _:
            return status is RunStatus.SUCCESS or status in FAILURES


def _hold(follower: Script, trigger: Trigger, *, circular: bool) -> Hold | None:
    """Return why a trigger does not set its script off, None when it does.

    No tree without mistakes has a circle. But a script whose files are broken goes on
    with its last good definition, and that may close one with what others say now.
    """
    if not (follower.enabled and trigger.enabled):
        return Hold(Outcome.PAUSED, PAUSED.reason)
    return Hold(Outcome.BLOCKED, CIRCLE) if circular else None


def _held(follower: Script, trigger: Trigger, run: Run, hold: Hold, now: datetime) -> Enqueued:
    row = Occurrence(
        script=follower.id,
        trigger=trigger.key,
        due=run.finished_at or now,
        outcome=hold.outcome,
        reason=f"{hold.reason}; after {run.id}",
    )
    return Enqueued(occurrences=(row,))


def _set_off(
    follower: Script, trigger: Trigger, run: Run, active: Sequence[Run], now: datetime
) -> Enqueued:
    demand = Demand(due=run.finished_at or now, cause=Cause.AFTER)
    return enqueue_demands(follower, trigger, [demand], active, now)
