"""Turn a reason to run into a queued run, a skipped one, or the ledger's word for why neither.

Every cause goes through here: a due moment, a file, another script's end, a URL,
a person. So overlap means the same for all of them, and each scheduled moment
leaves its one row whatever is decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.model.identity import RunId, ScriptId, occurrence_run_id
from engine.model.run import Cause, Occurrence, Outcome, Run, RunStatus
from engine.model.script import Script
from engine.model.trigger import Trigger
from engine.runs.overlap import REPLACED, decide, on_due


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One moment at which a trigger asks for a run."""

    due: datetime
    cause: Cause
    outcome: Outcome = Outcome.RAN
    """What the ledger says when it runs."""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancel:
    run: RunId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueued:
    """Everything that follows from some moments of one script, for one transaction."""

    occurrences: tuple[Occurrence, ...] = ()
    runs: tuple[Run, ...] = ()
    """Queued ones, and skipped ones that are over already."""
    cancels: tuple[Cancel, ...] = ()


def enqueue_demands(
    script: Script,
    trigger: Trigger,
    demands: Sequence[Demand],
    active: Sequence[Run],
    now: datetime,
) -> Enqueued:
    """Decide on each moment in turn, each with those before it in mind."""
    going = [run for run in active if not run.status.final]
    occurrences: list[Occurrence] = []
    runs: list[Run] = []
    cancels: list[Cancel] = []
    for demand in demands:
        run = _run_of(script.id, trigger, demand, now)
        decision = decide(script, going)
        if decision.enqueue:
            cancels += [Cancel(run_id, REPLACED) for run_id in decision.cancel]
            if decision.cancel:
                going = [other for other in going if other.id not in decision.cancel]
            going.append(run)
        else:
            run = run.but(status=RunStatus.SKIPPED, reason=decision.reason, finished_at=now)
        runs.append(run)
        occurrences.append(
            Occurrence(
                script=script.id,
                trigger=trigger.key,
                due=demand.due,
                outcome=demand.outcome if decision.enqueue else Outcome.SKIPPED,
                reason=decision.reason,
                run_id=run.id,
            )
        )
    replaced = {cancel.run for cancel in cancels}
    return Enqueued(
        occurrences=tuple(occurrences),
        runs=tuple(_withdrawn(run, now) if run.id in replaced else run for run in runs),
        cancels=tuple(cancels),
    )


def _run_of(script: ScriptId, trigger: Trigger, demand: Demand, now: datetime) -> Run:
    return Run(
        id=occurrence_run_id(script, trigger.key, demand.due, 1),
        script=script,
        status=RunStatus.QUEUED,
        cause=demand.cause,
        queued_at=now,
        trigger=trigger.key,
        scheduled_for=demand.due,
        args=trigger.args,
        env=trigger.env,
        files=demand.files,
    )


def missed_run(row: Occurrence, trigger: Trigger, now: datetime) -> Run:
    """Return the run that a missed moment would have been; it is over."""
    demand = Demand(due=row.due, cause=Cause.SCHEDULE)
    run = _run_of(row.script, trigger, demand, now)
    return run.but(status=RunStatus.MISSED, reason=row.reason, finished_at=now)


def _withdrawn(run: Run, now: datetime) -> Run:
    """Return a run that was replaced before it was ever written."""
    return run.but(status=RunStatus.CANCELLED, reason=REPLACED, finished_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asks for outside of any schedule."""

    id: RunId
    cause: Cause
    requested_by: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] | None = None
    trigger: Trigger | None = None
    payload: str | None = None


def enqueue_request(
    script: Script, request: Request, active: Sequence[Run], now: datetime
) -> tuple[Run, tuple[Cancel, ...]] | str:
    """Return the queued run and what makes way for it, or why the script's rules refuse it."""
    decision = on_due(script, active)
    if not decision.enqueue:
        return decision.reason
    trigger = request.trigger
    run = Run(
        id=request.id,
        script=script.id,
        status=RunStatus.QUEUED,
        cause=request.cause,
        queued_at=now,
        trigger=trigger.key if trigger else None,
        args=(*(trigger.args if trigger else ()), *request.args),
        env=(*(trigger.env if trigger else ()), *(request.env or {}).items()),
        requested_by=request.requested_by,
        payload=request.payload,
    )
    return run, tuple(Cancel(run_id, REPLACED) for run_id in decision.cancel)
