"""Choose which queued runs start now, and say of every other one what it waits for.

First come, first served: runs are looked at in the order given, and each starts
unless something of its own holds it back: a retry's delay, an environment that is
being built, its script's concurrency, its group, or no slot left. What holds one
run back never holds back a run behind it, so one script's backlog or one slow
build does not stop the others; and a run that nothing holds back is never passed
by a later one, so none starves.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.model.identity import RunId, ScriptId
from engine.model.run import Run
from engine.model.script import Script
from engine.runs import wording
from engine.runs.overlap import concurrency

NO_SLOT = "waits for a free slot"
BUILDING = "environment is being built"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A queued run with what admission has to know of it."""

    id: RunId
    script: ScriptId
    concurrency: int = 1
    """How many runs of the script may go at the same time."""
    group: str | None = None
    not_before: datetime | None = None
    environment_ready: bool = True

    @classmethod
    def of(cls, run: Run, script: Script, *, environment_ready: bool) -> "Waiting":
        return cls(
            id=run.id,
            script=run.script,
            concurrency=concurrency(script),
            group=script.group,
            not_before=run.not_before,
            environment_ready=environment_ready,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A run that holds a slot: running, or sent to the runner and not answered yet."""

    id: RunId
    script: ScriptId
    group: str | None = None

    @classmethod
    def of(cls, run: Run, script: Script | None) -> "Running":
        """`script` is None when its directory was deleted under the run."""
        return cls(id=run.id, script=run.script, group=script.group if script else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    start: tuple[RunId, ...]
    wake_at: datetime | None
    """When the next delayed run may start; None when none is delayed."""
    reasons: dict[RunId, str] = field(default_factory=dict[RunId, str])
    """Of each run that is not started: what it waits for."""


def admit(
    waiting: Sequence[Waiting], running: Sequence[Running], *, slots: int, now: datetime
) -> Admission:
    """Choose from `waiting`, oldest first, while `running` hold their slots, scripts and groups."""
    room = _Room(running, slots)
    start: list[RunId] = []
    reasons: dict[RunId, str] = {}
    wake_at: datetime | None = None
    for run in waiting:
        due = run.not_before
        if due is not None and due > now:
            wake_at = due if wake_at is None else min(wake_at, due)
            reasons[run.id] = f"retry at {wording.moment(due)}"
            continue
        reason = room.refuses(run)
        if reason:
            reasons[run.id] = reason
        else:
            room.take(run)
            start.append(run.id)
    return Admission(start=tuple(start), wake_at=wake_at, reasons=reasons)


class _Room:
    """What is taken, while one admission is made."""

    def __init__(self, running: Sequence[Running], slots: int) -> None:
        self._free = slots - len(running)
        self._going = Counter(run.script for run in running)
        self._holders = {run.group: run.script for run in running if run.group is not None}

    def refuses(self, run: Waiting) -> str:
        """Say what the run waits for; empty when it may start."""
        if not run.environment_ready:
            return BUILDING
        if self._going[run.script] >= run.concurrency:
            return _waits_for_own(run.concurrency)
        if run.group is not None and run.group in self._holders:
            return f"waits for group {run.group} (held by {self._holders[run.group]})"
        return "" if self._free > 0 else NO_SLOT

    def take(self, run: Waiting) -> None:
        self._free -= 1
        self._going[run.script] += 1
        if run.group is not None:
            self._holders[run.group] = run.script


def _waits_for_own(concurrency: int) -> str:
    if concurrency == 1:
        return "waits for the script's earlier run"
    return f"waits for one of the script's {concurrency} parallel runs"
