"""Look at all live runs together, and act on those that took too much.

One pass over /proc serves all runs. It is made often while a limit hangs on it,
once a second otherwise, and not at all while nothing runs.
"""

import signal
import time
from collections.abc import Callable

from engine.runner import proc
from engine.runner.limits import memory_text, nears, next_look
from engine.runner.loop import Loop, Timer
from engine.runner.proc import Process
from engine.runner.protocol import EndedBy
from engine.runner.run import Run
from engine.runner.tree import Trees, send

_FIRST = 0.05
"""Seconds from a start to the first look, so that the many short runs cost none."""
_FIRST_UNLIMITED = 0.2
"""The same for a run with no limit that hangs on it."""


class Sampler:
    """Measures the trees and calls `kill` for a run that is over a limit."""

    def __init__(self, loop: Loop, trees: Trees, kill: Callable[[Run, EndedBy, str], None]) -> None:
        self._loop = loop
        self._trees = trees
        self._kill = kill
        self._timer = Timer(0.0, None)

    def wake(self, *, limited: bool) -> None:
        """Take a run that has just started into account."""
        due = time.monotonic() + (_FIRST if limited else _FIRST_UNLIMITED)
        if self._timer.call is None or self._timer.due > due:
            self._timer.cancel()
            self._timer = self._loop.call_at(due, self._sample)

    def rest(self) -> None:
        """Nothing runs any more: no further look, no wake-up."""
        self._timer.cancel()

    def _sample(self) -> None:
        began, spent = time.monotonic(), time.thread_time()
        urgent = False
        for run, members in self._trees.look().items():
            if run.status is None:
                urgent |= self._measure(run, members, began)
        wait = next_look(
            limited=any(run.request.limited for run in self._trees.runs.values()),
            urgent=urgent,
            cost=time.thread_time() - spent,
        )
        if self._trees.runs:
            self._timer = self._loop.call_in(wait, self._sample)

    def _measure(self, run: Run, members: list[Process], now: float) -> bool:
        """Take down one run's figures; says whether its memory needs a look soon."""
        limit = run.request.memory
        cpu_ms = sum(each.ticks for each in members) * proc.TICK_MS
        memory = sum(each.memory for each in members)
        if limit is not None and memory > limit:
            memory = _shared_once(members)
        urgent = nears(memory, run.memory, limit)
        run.memory = memory
        run.sampled_cpu_ms = max(run.sampled_cpu_ms, cpu_ms)
        run.peak_memory = max(run.peak_memory, memory)
        run.peak_processes = max(run.peak_processes, len(members))
        run.samples.add(now, (time.time_ns(), run.sampled_cpu_ms, memory, len(members)))
        self._enforce(run, members, now)
        return urgent

    def _enforce(self, run: Run, members: list[Process], now: float) -> None:
        request = run.request
        if request.memory is not None and run.memory > request.memory:
            self._kill(run, "memory", memory_text(request.memory, run.memory))
        elif request.processes is not None and len(members) > request.processes:
            detail = f"limit {request.processes} processes, seen {len(members)}"
            self._kill(run, "processes", detail)
        elif run.budget and not run.ended_by:
            standing = run.budget.overdrawn(now, run.sampled_cpu_ms)
            if standing:
                send(members, signal.SIGSTOP)
            elif run.standing:
                send(members, signal.SIGCONT)
            run.standing = standing


def _shared_once(members: list[Process]) -> int:
    """Return the tree's memory without counting shared pages twice, once that matters."""
    total = 0
    for each in members:
        exact = proc.proportional_memory(each.pid)
        total += each.memory if exact is None else exact
    return total
