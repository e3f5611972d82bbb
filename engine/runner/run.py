"""One run as the runner knows it, from its start to the report of its end."""

import os
import resource
from contextlib import suppress

from engine.runner.frames import STDERR, STDOUT
from engine.runner.framewriter import FrameWriter
from engine.runner.limits import CpuBudget
from engine.runner.loop import Timer
from engine.runner.mask import Mask, Masker
from engine.runner.protocol import VERSION, EndedBy, ExitReport, LiveRun
from engine.runner.request import Request
from engine.runner.samples import SampleFile


class Run:
    """The state of a run that was started and is not over."""

    def __init__(
        self, request: Request, serial: int, pid: int, at: tuple[int, float], writer: FrameWriter
    ) -> None:
        self.request = request
        self.id = request.id
        self.serial = serial
        """Its mark."""
        self.pid = pid
        self.started_ns, self.started = at
        self.pipes: dict[int, int] = {}
        """Streams by file descriptor, as long as they are open."""
        self.writer = writer
        self.maskers = _maskers(request)
        """What hides its secrets, by stream; empty for a run that knows none."""
        self.held_at = 0.0
        """When a masker last held something back."""
        self.samples = SampleFile(request.directory)
        self.budget = CpuBudget(request.cpu, self.started) if request.cpu else None
        self.timers: list[Timer] = []
        self.ended_by: EndedBy | None = None
        self.detail = ""
        self.grace_until = 0.0
        """Until when what is left of it may end by itself."""
        self.killing = False
        self.standing = False
        """Stopped because it is ahead of its CPU budget."""
        self.status: int | None = None
        """Exit code of the main process once it has been waited for."""
        self.finished_ns = 0
        self.duration_ms = 0
        self.waited_cpu_ms = 0.0
        self.sampled_cpu_ms = 0
        self.memory = 0
        self.peak_memory = 0
        self.peak_processes = 1
        self.survivors: set[tuple[int, int]] = set()
        """Pid and start of processes that were killed after the main one had ended."""
        self.sweep = Timer(0.0, None)
        """The next look at what is left of it."""
        self.sweeps = 0
        self.killed_at = 0.0
        """When SIGKILL was first sent."""

    def ended(self, status: int, usage: resource.struct_rusage, at: tuple[int, float]) -> None:
        """Take down the end of the main process."""
        self.status = os.waitstatus_to_exitcode(status)
        self.finished_ns = at[0]
        self.duration_ms = round((at[1] - self.started) * 1000)
        self.peak_memory = max(self.peak_memory, usage.ru_maxrss * 1024)
        self.waited(usage)

    def waited(self, usage: resource.struct_rusage) -> None:
        """Add the CPU time of a process that the runner waited for."""
        self.waited_cpu_ms += (usage.ru_utime + usage.ru_stime) * 1000

    def live(self) -> LiveRun:
        return LiveRun(
            id=self.id, pid=self.pid, started_ns=self.started_ns, output_bytes=self.writer.total
        )

    def cancel_timers(self) -> None:
        self.sweep.cancel()
        while self.timers:
            self.timers.pop().cancel()

    def close(self) -> None:
        """Let go of all files and timers."""
        self.cancel_timers()
        for fd in self.pipes:
            with suppress(OSError):
                os.close(fd)
        self.pipes.clear()
        self.writer.close()

    def report(self) -> ExitReport:
        return ExitReport(
            version=VERSION,
            id=self.id,
            script=self.request.script,
            pid=self.pid,
            started_ns=self.started_ns,
            finished_ns=self.finished_ns,
            duration_ms=self.duration_ms,
            exit_code=self.status,
            ended_by=self.ended_by,
            detail=self.detail,
            cpu_ms=max(round(self.waited_cpu_ms), self.sampled_cpu_ms),
            peak_memory=self.peak_memory,
            peak_processes=self.peak_processes,
            output_bytes=self.writer.total,
            output_cut=self.writer.cut,
            survivors=len(self.survivors),
        )


def _maskers(request: Request) -> dict[int, Masker]:
    if not request.mask:
        return {}
    mask = Mask(request.mask)
    return {stream: Masker(mask) for stream in (STDOUT, STDERR)}


def never_started(request: Request, reason: str, now_ns: int) -> ExitReport:
    """Return the report of a run whose process could not be started."""
    return ExitReport(
        version=VERSION,
        id=request.id,
        script=request.script,
        pid=None,
        started_ns=None,
        finished_ns=now_ns,
        duration_ms=0,
        exit_code=None,
        ended_by="spawn",
        detail=reason,
        cpu_ms=0,
        peak_memory=0,
        peak_processes=0,
        output_bytes=0,
        output_cut=0,
        survivors=0,
    )
