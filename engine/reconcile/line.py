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

AT_ONCE = 1
"""Runs that `admit` is asked about at first, beside as many as there are slots; then twice as
many each time, for those before them were refused."""


def head(
    queued: Iterable[Run],
    running: Sequence[Running],
    waiting: Callable[[Run], Waiting],
    *,
    slots: int,
    now: datetime,
) -> Admission:
    """Return which of the queued runs, oldest first, start; what `admit` says of all of them.

    Three facts about `admit` make it short. With no slot left, nothing starts. Once a
    script's run is refused, so is every later one of the script: what refuses it, its
    environment, its other runs or its group, is there for the later one too. And no
    run of a group starts that is held. `wake_at` and `reasons` are of the runs that
    were asked about; when a slot is freed, this is asked again.
    """
    ask = _Line(queued, running, waiting, now)
    start: list[RunId] = []
    reasons: dict[RunId, str] = {}
    wakes: list[datetime] = []
    many = slots - len(ask.held) + AT_ONCE
    while len(ask.held) < slots and (part := list(islice(ask, many))):
        many *= 2
        found = admit(part, ask.held, slots=slots, now=now)
        reasons |= found.reasons
        start += found.start
        if found.wake_at is not None:
            wakes.append(found.wake_at)
        ask.learn(part, found)
    return Admission(start=tuple(start), wake_at=min(wakes, default=None), reasons=reasons)


class _Line:
    """The runs to ask about, less those whose answer is known."""

    def __init__(
        self,
        queued: Iterable[Run],
        running: Sequence[Running],
        waiting: Callable[[Run], Waiting],
        now: datetime,
    ) -> None:
        self.held = list(running)
        self._queued = iter(queued)
        self._waiting = waiting
        self._now = now
        self._refused: set[ScriptId] = set()
        self._groups = {run.group for run in running if run.group is not None}

    def __iter__(self) -> Iterator[Waiting]:
        for run in self._queued:
            if run.script in self._refused:
                continue
            waiting = self._waiting(run)
            if waiting.group not in self._groups or self._is_delayed(waiting):
                yield waiting

    def learn(self, asked: Iterable[Waiting], found: Admission) -> None:
        for run in asked:
            if run.id not in found.reasons:
                self.held.append(Running(id=run.id, script=run.script, group=run.group))
                if run.group is not None:
                    self._groups.add(run.group)
            elif not self._is_delayed(run):
                self._refused.add(run.script)

    def _is_delayed(self, run: Waiting) -> bool:
        """Say whether it waits for its time, which says nothing of the runs behind it."""
        return run.not_before is not None and run.not_before > self._now
