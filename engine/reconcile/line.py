"""Find the runs at the head of the line that may start, without asking about all behind them.

`admit` decides; this only saves it work that cannot change its answer. It is asked
at each start and each end of a run, and a thousand runs may wait.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from engine.model.identity import RunId, ScriptId
from engine.model.run import Run
from engine.runs.admit import Admission, Running, Waiting, admit

AT_ONCE = 32
"""Runs that `admit` is asked about at a time."""


def head(
    queued: Iterable[Run],
    running: Sequence[Running],
    waiting: Callable[[Run], Waiting],
    *,
    slots: int,
    now: datetime,
) -> Admission:
    """Return which of the queued runs, oldest first, start; what `admit` says of all of them.

    Two facts about `admit` make it short. With no slot left, nothing starts. And
    once a script's run is refused, so is every later one of the script: what refuses
    it, its environment, its other runs or its group, is there for the later one
    too. `wake_at` and `reasons` are of the runs that were asked about, all of them
    if slots are left; when one is freed, this is asked again.
    """
    held = list(running)
    start: list[RunId] = []
    reasons: dict[RunId, str] = {}
    wakes: list[datetime] = []
    refused: set[ScriptId] = set()
    line = _line(queued, refused, waiting)
    while len(held) < slots and (part := list(islice(line, AT_ONCE))):
        found = admit(part, held, slots=slots, now=now)
        reasons |= found.reasons
        wakes += [found.wake_at] if found.wake_at else []
        start += found.start
        for run in part:
            if run.id not in found.reasons:
                held.append(Running(id=run.id, script=run.script, group=run.group))
            elif run.not_before is None or run.not_before <= now:
                refused.add(run.script)
    return Admission(start=tuple(start), wake_at=min(wakes, default=None), reasons=reasons)


def _line(
    queued: Iterable[Run], refused: set[ScriptId], waiting: Callable[[Run], Waiting]
) -> Iterator[Waiting]:
    for run in queued:
        if run.script not in refused:
            yield waiting(run)
