"""The life of runs: start, output, limits, kill, end.

A run is over when its main process has been waited for, its pipes are empty and
none of its processes is left; only then is `exit.json` written and the end told.
A daemon that holds the pipes open delays that by at most `_DRAIN` seconds.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping
from functools import partial

from engine.runner import proc
from engine.runner.loop import Loop
from engine.runner.mark import Marks
from engine.runner.output import Output, Peer
from engine.runner.protocol import EndedBy
from engine.runner.reports import Reports
from engine.runner.request import Request
from engine.runner.run import Run
from engine.runner.sampler import Sampler
from engine.runner.starter import Starter
from engine.runner.tree import Trees, send

_DRAIN = 1.0
_GIVE_UP = 10.0
"""Seconds after which processes that SIGKILL does not end (in an uninterruptible wait) are left."""


class Supervisor:
    """All runs of this runner; `peer` takes the events, `on_end` is called after each end."""

    def __init__(self, loop: Loop, marks: Marks, peer: Peer, on_end: Callable[[], None]) -> None:
        self.live: dict[str, Run] = {}
        self.engine_pid = 0
        """A child that is no run's."""
        self.reports = Reports(loop, peer, on_end)
        self._loop = loop
        self._trees = Trees(marks)
        self._output = Output(loop, peer, self._on_quiet)
        self._sampler = Sampler(loop, self._trees, self.kill)
        self._starter = Starter(self._trees, peer, self.reports, self._begun)

    @property
    def busy(self) -> bool:
        """Whether a run is live."""
        return bool(self.live)

    def start(self, request: Request) -> None:
        """Start a run, once; see `Starter`."""
        self._starter.start(request)

    def _begun(self, run: Run, pipes: Mapping[int, int]) -> None:
        self.live[run.id] = self._trees.runs[run.serial] = run
        self._output.follow(run, pipes)
        timeout = run.request.timeout
        if timeout is not None:
            expire = partial(self.kill, run, "timeout", f"limit {timeout:g} s")
            run.timers.append(self._loop.call_in(timeout, expire))
        self._sampler.wake(limited=run.request.limited)

    def cancel(self, run_id: str, reason: str) -> None:
        """End a run for its owner's sake; one that is over or unknown is left as it is."""
        run = self.live.get(run_id)
        if run:
            self.kill(run, "cancel", reason)

    def kill_all(self, detail: str, *, grace: bool = True) -> None:
        for run in list(self.live.values()):
            self.kill(run, "shutdown", detail)
            if not grace:
                self._kill_now(run)

    def kill(self, run: Run, ended_by: EndedBy, detail: str) -> None:
        """SIGTERM to the tree, SIGKILL after its grace; memory and processes can't wait."""
        hard = ended_by in ("memory", "processes")
        if run.status is not None:
            return
        if run.ended_by:
            # It is being ended, but its grace is not there to take the machine down.
            if hard:
                self._kill_now(run)
            return
        run.ended_by, run.detail = ended_by, detail
        if ended_by == "processes":
            self._trees.freeze(run)
        if hard or not run.request.grace:
            self._kill_now(run)
            return
        run.grace_until = time.monotonic() + run.request.grace
        send(self._trees.members(run), signal.SIGTERM, signal.SIGCONT)
        run.timers.append(self._loop.call_at(run.grace_until, partial(self._kill_now, run)))

    def _kill_now(self, run: Run) -> None:
        run.killing, run.grace_until = True, 0.0
        self._sweep(run)

    def reap(self) -> list[tuple[int, int]]:
        """Wait for all children that have ended; returns pid and status of those of no run."""
        others: list[tuple[int, int]] = []
        mains = {run.pid: run for run in self.live.values() if run.status is None}
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return others
            if not pid:
                return others
            if main := mains.pop(pid, None):
                main.ended(status, usage, (time.time_ns(), time.monotonic()))
                self._main_ended(main)
            elif owner := self._trees.last_owner(pid):
                owner.waited(usage)
            else:
                others.append((pid, status))

    def _main_ended(self, run: Run) -> None:
        run.cancel_timers()
        if run.grace_until:
            run.timers.append(self._loop.call_at(run.grace_until, partial(self._kill_now, run)))
        self._output.drain(run)
        if run.pipes and not run.killing:
            self._sweep_in(_DRAIN, run)
        else:
            self._sweep(run)

    def _on_quiet(self, run: Run) -> None:
        """All pipes of a run are at their end."""
        if run.status is not None:
            self._sweep(run)

    def _sweep(self, run: Run) -> None:
        """Look what is left of a run, end it if its time is up, and look again until it is gone."""
        run.sweep.cancel()
        left = self._left(run)
        if not left and run.status is not None:
            self._over(run)
            return
        now = time.monotonic()
        if run.killing or now >= run.grace_until:
            send(left, signal.SIGKILL)
            run.killed_at = run.killed_at or now
            if run.status is not None:
                run.survivors.update((each.pid, each.started) for each in left)
                if now > run.killed_at + _GIVE_UP:
                    run.detail = f"{run.detail} ({len(left)} processes can't be killed)".strip()
                    self._over(run)
                    return
        run.sweeps += 1
        self._sweep_in(min(0.002 * 2 ** min(run.sweeps, 9), 0.2), run)

    def _sweep_in(self, seconds: float, run: Run) -> None:
        run.sweep.cancel()
        run.sweep = self._loop.call_in(seconds, partial(self._sweep, run))

    def _left(self, run: Run) -> list[proc.Process]:
        """Return what lives of a run; without orphans in this process's care there is nothing."""
        if run.status is not None:
            known = {each.pid for each in self.live.values() if each.status is None}
            if not proc.has_other_children(known | {self.engine_pid}):
                return []
        return self._trees.members(run)

    def _over(self, run: Run) -> None:
        self._output.end(run)
        del self.live[run.id], self._trees.runs[run.serial]
        if not self.live:
            self._sampler.rest()
        run.close()
        self.reports.add(run.request.directory, run.report())
