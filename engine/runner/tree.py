"""Find the processes of runs, and signal just them.

A signal goes to a process only if it still is the one that was found: a pidfd is
opened first, then the start time compared, so a reused pid is never hit.
"""

import os
import signal
from collections import defaultdict
from collections.abc import Collection, Mapping

from engine.runner import proc
from engine.runner.mark import Marks
from engine.runner.ownership import Ownership
from engine.runner.proc import Process
from engine.runner.run import Run

_ROUNDS = 30


class Trees:
    """The process trees of the runs in `runs`, which its owner adds to and takes from."""

    def __init__(self, marks: Marks) -> None:
        self.runs: dict[int, Run] = {}
        """By the serial of their mark."""
        self.marks = marks
        self._ownership = Ownership(self._evidence)
        self._members: dict[int, Run] = {}

    def look(self) -> Mapping[Run, list[Process]]:
        """Return the living processes of all runs; one pass over /proc."""
        processes = proc.scan()
        mains = {run.pid: run for run in self.runs.values() if run.status is None}
        self._members = self._ownership.assign(processes, mains)
        trees: defaultdict[Run, list[Process]] = defaultdict(list)
        for pid, run in self._members.items():
            trees[run].append(processes[pid])
        return trees

    def members(self, run: Run) -> list[Process]:
        return self.look().get(run, [])

    def last_owner(self, pid: int) -> Run | None:
        """Return whose process this was at the last look."""
        return self._members.get(pid)

    def freeze(self, run: Run) -> None:
        """Stop a tree that grows faster than it can be killed, until nothing new appears."""
        stopped: set[tuple[int, int]] = set()
        for _ in range(_ROUNDS):
            new = [each for each in self.members(run) if (each.pid, each.started) not in stopped]
            if not new:
                return
            send(new, signal.SIGSTOP)
            stopped.update((each.pid, each.started) for each in new)

    def _evidence(self, process: Process) -> Run | None:
        """Find the run of an adopted process."""
        serial = self.marks.serial(process.pid)
        if serial is not None:
            return self.runs.get(serial)
        marked = proc.environment(process.pid, "PYSCHED_RUN_ID")
        return next(
            (run for run in self.runs.values() if run.pid == process.session or run.id == marked),
            None,
        )


def send(processes: Collection[Process], *numbers: signal.Signals) -> None:
    """Send signals to processes that are still the ones that were found."""
    for process in processes:
        try:
            handle = os.pidfd_open(process.pid)
        except ProcessLookupError:
            continue
        try:
            now = proc.look(process.pid)
            if now and now.started == process.started:
                for number in numbers:
                    signal.pidfd_send_signal(handle, number)
        except (ProcessLookupError, PermissionError):
            # It ended just now, or it has become another user's (sudo) and can't be reached.
            continue
        finally:
            os.close(handle)


def kill_leftovers(marks: Marks) -> int:
    """Kill what an earlier runner on this data directory left when it was itself killed.

    Called under the lock, so whoever started these processes is dead. Returns how many.
    """
    killed: set[int] = set()
    for _ in range(_ROUNDS):
        found = [
            each
            for each in proc.scan().values()
            if each.pid != os.getpid() and not each.dead and marks.ours(each.pid)
        ]
        if not found:
            break
        send(found, signal.SIGSTOP)
        send(found, signal.SIGKILL)
        killed.update(each.pid for each in found)
    return len(killed)
