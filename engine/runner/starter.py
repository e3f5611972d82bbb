"""Start runs, each at most once: first the claim, then the process.

The claim is not synced. It is there for as long as the machine goes on; that the start of
a run was asked for is on the disk before it is, so after a crash of the machine a run
whose claim is missing is not taken for one that never started.
"""

import time
from collections.abc import Callable, Mapping

from engine.runner.failpoint import failpoint
from engine.runner.files import Claim
from engine.runner.framewriter import FrameWriter
from engine.runner.mark import Marks
from engine.runner.output import Peer
from engine.runner.proc import boot_id
from engine.runner.reports import Reports
from engine.runner.request import Request
from engine.runner.run import Run, never_started
from engine.runner.spares import Spares
from engine.runner.spawn import SpawnFailed, spawn_run
from engine.runner.tree import Trees


class Starter:
    """Turns requests into runs; `begun` takes each with its pipes, as stream by descriptor."""

    def __init__(
        self,
        trees: Trees,
        peer: Peer,
        reports: Reports,
        begun: Callable[[Run, Mapping[int, int]], None],
    ) -> None:
        self._trees = trees
        self._marks: Marks = trees.marks
        self._peer = peer
        self._reports = reports
        self._begun = begun
        self._boot = boot_id()
        self._serial = 0
        self._spares = Spares()

    def start(self, request: Request) -> None:
        """Start a run. A claim that is there already is answered with `refused`."""
        try:
            content = {"id": request.id, "boot": self._boot}
            claim = Claim(request.directory, content, self._spares)
        except FileExistsError:
            self._peer.emit({"event": "refused", "id": request.id})
            return
        except OSError as error:
            self._never_started(request, f"no claim could be written: {error}")
            return
        failpoint("after_claim")
        try:
            self._spawn(request, claim)
        except SpawnFailed as error:
            claim.close()
            self._never_started(request, str(error))
        failpoint("after_spawn")

    def _spawn(self, request: Request, claim: Claim) -> None:
        self._serial = self._marks.next(self._serial, self._trees.runs)
        own = {"PYSCHED_RUN_ID": request.id, "PYSCHED_RUNNER": self._marks.variable}
        self._marks.put(self._serial)
        try:
            pid, pipes = spawn_run(
                request.argv, request.cwd, {**request.env, **own}, merge=request.merge
            )
        finally:
            self._marks.remove()
        claim.note(pid)
        writer = FrameWriter(request.directory, request.output, claim)
        run = Run(request, self._serial, pid, (time.time_ns(), time.monotonic()), writer)
        self._peer.emit(
            {"event": "started", "id": run.id, "pid": pid, "started_ns": run.started_ns}
        )
        self._begun(run, pipes)

    def _never_started(self, request: Request, reason: str) -> None:
        self._reports.add(request.directory, never_started(request, reason, time.time_ns()))
