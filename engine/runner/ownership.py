"""Decide which run each process belongs to.

The runner is the subreaper of all it starts (prctl(2)): whatever a run's processes
do, each has a chain of parents that ends at the run's main process or at an orphan
that the runner adopted. So only adopted orphans need evidence: their mark, their
session, the variable in their environment, or that an earlier look saw whose they
were. One without any evidence belongs to nobody and is left alone.
"""

import os
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from engine.runner.proc import Process

R = TypeVar("R")


class Ownership(Generic[R]):
    """Remembers from look to look whose the processes are."""

    def __init__(self, evidence: Callable[[Process], R | None]) -> None:
        self._evidence = evidence
        self._known: dict[tuple[int, int], R | None] = {}
        """By pid and start, which together are never used twice."""

    def assign(self, processes: Mapping[int, Process], mains: Mapping[int, R]) -> dict[int, R]:
        """Return the runs' living processes with their owners; `mains` are the first processes."""
        here = os.getpid()
        decided: dict[int, R | None] = {here: None}
        for pid in processes:
            path: list[int] = []
            current = pid
            while current not in decided:
                if current in mains:
                    decided[current] = mains[current]
                elif current not in processes:
                    decided[current] = None
                else:
                    path.append(current)
                    current = processes[current].parent
            owner = decided[current]
            if current == here and path:
                owner = self._adopted(processes[path[-1]])
            decided.update(dict.fromkeys(path, owner))
        return self._remember(processes, decided)

    def _adopted(self, process: Process) -> R | None:
        name = (process.pid, process.started)
        return self._known[name] if name in self._known else self._evidence(process)

    def _remember(
        self, processes: Mapping[int, Process], decided: Mapping[int, R | None]
    ) -> dict[int, R]:
        self._known = {
            (pid, processes[pid].started): run for pid, run in decided.items() if pid in processes
        }
        return {
            pid: run
            for pid, run in decided.items()
            if run is not None and pid in processes and not processes[pid].dead
        }
