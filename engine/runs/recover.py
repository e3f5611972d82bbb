"""Decide, each time the runner answers, what became of every run that is not on record as over.

Three witnesses are asked in the order of what they know: the runner's list (live, or
over and not acknowledged), the run's `exit.json`, and its claim. A run that was never
claimed was never started and may be started now, unless the machine went down after it
was sent: claims are not synced. One that was claimed, or may have been, and that no
witness knows more of is interrupted: it may have done its work, half of it or nothing,
so only its retry policy may start it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.model.identity import RunId
from engine.model.run import Run, RunStatus
from engine.ports import ExitReport, RunnerConnected
from engine.runs import wording
from engine.runs.disk import NOTHING, Claim, DiskState, disk_state
from engine.runs.places import RunPlaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """It runs."""

    id: RunId
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """It is over and its end is known: conclude it."""

    report: ExitReport

    @property
    def id(self) -> RunId:
        return self.report.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Its end can never be known: `interrupted`, with this reason."""

    id: RunId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotStarted:
    """It is queued and was never claimed: it may be started."""

    id: RunId


Recovery = Live | Ended | Lost | NotStarted


def recover(
    active: Sequence[Run], connected: RunnerConnected, disk: Mapping[RunId, DiskState]
) -> list[Recovery]:
    """Return what became of each active run, in their order.

    `disk` holds the states of the runs that the runner does not know; a run missing
    from it has an empty directory.
    """
    ended = {report.id: report for report in connected.ended}
    return [_recover(run, connected, ended.get(run.id), disk) for run in active]


def survey(active: Sequence[Run], connected: RunnerConnected, places: RunPlaces) -> list[Recovery]:
    """Recover, reading the directories of those runs that the runner does not know. Blocking.

    To be called before any start is sent on the new connection: a run that is started
    after the list was made would have a claim, be in no list, and so count as lost.
    """
    known = {*connected.live, *(report.id for report in connected.ended)}
    disk = {run.id: disk_state(places.run(run.id)) for run in active if run.id not in known}
    return recover(active, connected, disk)


def _recover(
    run: Run,
    connected: RunnerConnected,
    ended: ExitReport | None,
    disk: Mapping[RunId, DiskState],
) -> Recovery:
    if ended is not None:
        return Ended(report=ended)
    if run.id in connected.live:
        return Live(id=run.id, started_at=connected.live[run.id])
    return _from_disk(run, disk.get(run.id, NOTHING), connected.boot)


def _from_disk(run: Run, state: DiskState, boot: str) -> Recovery:
    if state.report is not None:
        return Ended(report=state.report)
    if state.damage:
        # One bad directory must not keep the others from being recovered, and
        # what cannot be proved unclaimed must not be started.
        return Lost(id=run.id, reason=f"its directory cannot be read: {state.damage}")
    if state.claim is not None:
        return Lost(id=run.id, reason=_reason(run, state.claim, boot))
    if run.status is RunStatus.RUNNING:
        return Lost(id=run.id, reason="its directory is gone, and the runner does not know it")
    if run.boot and run.boot != boot:
        # Its claim may have been made and not have reached the disk.
        return Lost(id=run.id, reason="the machine went down as it was to start")
    return NotStarted(id=run.id)


def _reason(run: Run, claim: Claim, boot: str) -> str:
    if claim.boot and boot and claim.boot != boot:
        return "the machine restarted under it"
    if claim.pid is not None or run.status is RunStatus.RUNNING:
        return "the runner died under it"
    when = f"claimed at {wording.moment(claim.at)}" if claim.at else "claimed"
    return f"{when}, cannot be proved started"
