"""Decide what a new occurrence or request becomes while runs of its script are not over.

The same rule holds for every cause: schedule, url, files, after, and a manual
`execute`. A queued run counts like a running one, and so does a retry that still
waits: the script's work of then is not finished.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.model.identity import RunId
from engine.model.run import Run
from engine.model.script import Overlap, Script

OVERLAP = "overlap"
REPLACED = "replaced by a newer run"
"""Cancel reason of the runs in `Decision.cancel`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do with a new run."""

    enqueue: bool
    reason: str = ""
    """Why it is skipped; empty when it is enqueued."""
    cancel: tuple[RunId, ...] = ()
    """Runs that make way for it."""


ENQUEUE = Decision(enqueue=True)


def concurrency(script: Script) -> int:
    """Return how many runs of a script may go at the same time."""
    return script.max_parallel if script.overlap is Overlap.PARALLEL else 1


def on_due(script: Script, active: Sequence[Run]) -> Decision:
    """Decide on a new run of `script`, whose queued and running runs are `active`."""
    return decide(script, [run for run in active if not run.status.final])


def decide(script: Script, going: Sequence[Run]) -> Decision:
    """Decide like `on_due`, with none in `going` that is over; a long queue costs nothing."""
    if not going:
        return ENQUEUE
    if script.overlap is Overlap.REPLACE:
        return Decision(enqueue=True, cancel=tuple(run.id for run in going))
    reason = _reason_to_skip(script, len(going))
    return Decision(enqueue=False, reason=reason) if reason else ENQUEUE


def _reason_to_skip(script: Script, going: int) -> str:
    if script.overlap is Overlap.QUEUE:
        # One of those going runs or is about to, the others wait: with the new
        # one, as many would wait as are going now.
        full = script.queue_limit is not None and going > script.queue_limit
        return f"queue limit {script.queue_limit} reached" if full else ""
    if script.overlap is Overlap.PARALLEL:
        full = going >= script.max_parallel
        return f"{OVERLAP}: {going} of {script.max_parallel} parallel runs going" if full else ""
    return OVERLAP
