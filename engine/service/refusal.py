"""Say why a script's own rules refuse a run, and what would let it through."""

from collections.abc import Sequence

from engine.model.run import Run
from engine.model.script import Overlap, Script
from engine.runs import wording


def refusal(script: Script, going: Sequence[Run]) -> str:
    """Return the sentence; `going` are the script's runs that are not over, at least one."""
    first = going[0]
    if script.overlap is Overlap.QUEUE:
        why = f"as many runs wait as queue_limit allows ({script.queue_limit}); raise it"
    elif script.overlap is Overlap.PARALLEL:
        why = f"as many runs go as max_parallel allows ({script.max_parallel}); raise it"
    else:
        why = f"{_since(first)}; set `overlap: queue` to line runs up"
    return f"{script.id}: {why}, or stop the earlier one with `pysched cancel {first.id}`"


def _since(run: Run) -> str:
    if run.started_at is None:
        return f"still queued since {wording.moment(run.queued_at)}"
    return f"still running since {wording.moment(run.started_at)}"
