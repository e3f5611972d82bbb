"""Start the runs that may start, as soon as they may.

Decides nothing: `admit` chooses, the runner claims and starts. A run that was sent
keeps its slot until the runner answers, so that no slot is given twice.

That a run is sent is on record before it is: the runner's claim outlives the death of
any process, but need not be on the disk when the machine goes down, and then only the
row tells a run that may have started from one that waits. A run that may start as soon
as it is recorded has that in its first row, so that one sync of the disk serves both.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from engine.errors import EngineError, Unavailable
from engine.model.environment import Environment
from engine.model.identity import RunId
from engine.model.run import Run, RunStatus
from engine.model.script import Script, Source
from engine.ports import InForce, StartRequest, Transition
from engine.reconcile.notes import facts_of
from engine.reconcile.origin import Origins
from engine.reconcile.parts import Parts
from engine.reconcile.queue import Queue
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks
from engine.runs.admit import Admission

logger = logging.getLogger(__name__)

GiveUp = Callable[[Run, RunStatus, str], None]
"""End a queued run that can never be started, with its status and the reason."""
Record = Callable[[Transition], Awaitable[None]]

LONGEST_SLEEP = 60.0
"""Seconds; a delayed run waits by the wall clock, which may be set meanwhile."""
TRY_AGAIN = timedelta(seconds=1)
"""After the runner or the disk did not take a run."""


class _Made(NamedTuple):
    """A start that was made ready, and what it was made of."""

    in_force: InForce
    environment: Environment
    run: Run
    request: StartRequest

    def holds(self, in_force: InForce | None, environment: Environment) -> bool:
        return self.in_force is in_force and self.environment == environment


class Dispatcher:
    def __init__(
        self, parts: Parts, state: State, tasks: Tasks, give_up: GiveUp, record: Record
    ) -> None:
        self._parts = parts
        self._state = state
        self._tasks = tasks
        self._give_up = give_up
        self._record = record
        self.origins = Origins(parts, state)
        self._timer: asyncio.TimerHandle | None = None
        self.queue = Queue(parts, state, self.origins)
        self._at_work = False
        self._again = False
        self._made: dict[RunId, _Made] = {}
        """Starts of promised runs."""
        self.boot = ""
        """Of the machine, as the runner names it; known while `ready`."""
        self.ready = False
        """True while the runner is connected and every earlier start is accounted for."""
        self.draining = False
        """True while the server stops: nothing new is started."""

    @property
    def is_busy(self) -> bool:
        """Whether there is no room for another run, and will be."""
        return not self.draining and self.queue.is_full

    def unsent(self) -> list[Run]:
        """Return the runs whose rows say that they are sent, and that nobody has sent."""
        return [
            run
            for run in self._state.active.queued()
            if run.boot is not None
            and run.id not in self._state.starting
            and run.id not in self._state.unrecorded
        ]

    def admission(self) -> Admission:
        """Return what may start now, and of every other waiting run what it waits for."""
        return self.queue.admission()

    def start_what_may(self) -> None:
        """Send every run that may start to the runner.

        May be called from within itself, by a run that is given up: its slot is then
        offered to the next once this round is over.
        """
        self._again = True
        if self._at_work:
            return
        self._at_work = True
        try:
            while self._again and self.ready and not self.draining:
                self._again = False
                self._start_promised()
                self._start_head()
        except Exception as error:
            # The caller is at work on another run, which this must not hurt.
            self._tasks.failed(error)
            self.try_again()
        finally:
            self._at_work = False

    def stamped(self, run: Run) -> Run:
        """Return a run that is about to be recorded, with a promise if it may start at once."""
        try:
            if self._may_start_at_once(run):
                return self._promised(run)
        except (EngineError, OSError) as error:
            # Such as a damaged repository. It is recorded all the same; its start says more.
            logger.debug("no start made ready", extra=facts_of(run) | {"error": str(error)})
        except Exception as error:
            self._tasks.failed(error)
        return self.origins.noted(run)

    def _may_start_at_once(self, run: Run) -> bool:
        if not self.ready or self.draining or run.status.final or self.queue.is_full:
            return False
        return run.id in self.queue.may_start([run]).start

    def _promised(self, run: Run) -> Run:
        """Make the start of a run ready, so that nothing is left to be done once it is recorded."""
        in_force = self._state.scripts.get(run.script)
        script = in_force.script if in_force else None
        environment = self.origins.environment(script) if script else None
        if in_force is None or script is None or environment is None:
            return run
        run = run.but(boot=self.boot)
        if script.source is Source.LIVE:
            run, request = self._start_of(run, script, environment)
            self._made[run.id] = _Made(in_force, environment, run, request)
        else:
            run = self.origins.noted(run)
        self.queue.promised[run.id] = None
        return run

    def _start_of(
        self, run: Run, script: Script, environment: Environment
    ) -> tuple[Run, StartRequest]:
        run = self.origins.of(run, script, environment)
        directory = self._parts.sources.live(script.id)
        return run, self._parts.files.request(run, script, environment, directory)

    def _start_promised(self) -> None:
        for run_id in [each for each in self.queue.promised if each not in self._state.unrecorded]:
            del self.queue.promised[run_id]
            run = self._state.active.get(run_id)
            if run is None:
                self._made.pop(run_id, None)
            else:
                # One that is not taken now stands in the line, and is tried with the others.
                self._send(run)

    def _start_head(self) -> None:
        admission = self.queue.may_start()
        wake_at = admission.wake_at
        for run_id in admission.start:
            run = self._state.active.get(run_id)
            if run is not None and not self._send(run):
                wake_at = self._parts.clock.now() + TRY_AGAIN
                break
        self._wake(wake_at)

    def try_again(self) -> None:
        """Look again in a moment, since something took no start just now."""
        self._wake(self._parts.clock.now() + TRY_AGAIN)

    def _wake(self, at: datetime | None) -> None:
        """Look again at a time, such as when the next delayed attempt may start."""
        self.stop_timer()
        if at is not None:
            delay = max((at - self._parts.clock.now()).total_seconds(), 0)
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(min(delay, LONGEST_SLEEP), self.start_what_may)

    def stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self, run: Run) -> bool:
        """Send one run; False when the runner or the disk takes none, so that all wait."""
        script = self._state.script(run.script)
        if script is None:
            self._give_up(run, RunStatus.CANCELLED, "the script was removed")
            return True
        environment = self.origins.environment(script)
        if environment is None:
            message = self._parts.environments.failure(script.environment)
            self._give_up(run, RunStatus.ENV_FAILED, message or "the environment was not built")
            return True
        made = self._made.pop(run.id, None)
        try:
            if made and made.holds(self._state.scripts.get(script.id), environment):
                self._give(made.run, made.request, environment)
                return True
            return self._prepare(run, script, environment)
        except Unavailable as error:
            logger.warning("run not started", extra=facts_of(run) | {"error": str(error)})
            return False
        except Exception as error:
            # Whatever is wrong with this one must not keep those behind it waiting.
            self._refuse(run, error)
            return True

    def _prepare(self, run: Run, script: Script, environment: Environment) -> bool:
        if script.source is Source.LIVE and run.boot == self.boot:
            self._give(*self._start_of(run, script, environment), environment)
        else:
            run = self.origins.of(run, script, environment)
            self.queue.preparing.add(run.id)
            self._tasks.spawn(self._bring(run, script, environment))
        return True

    async def _bring(self, run: Run, script: Script, environment: Environment) -> None:
        """Send a run for which something is left to be done before."""
        try:
            run = await self._announced(run)
            directory = await self._directory(run, script)
            if self.withdraw(run.id) and self.ready and not self.draining:
                request = self._parts.files.request(run, script, environment, directory)
                self._give(run, request, environment)
        except Unavailable as error:
            logger.warning("run not started", extra=facts_of(run) | {"error": str(error)})
            self.try_again()
        except Exception as error:
            self._refuse(run, error)
        finally:
            self.queue.preparing.discard(run.id)

    async def _announced(self, run: Run) -> Run:
        """Put on record that a run is about to be sent, unless it is."""
        boot = self.boot
        if run.boot != boot:
            run = run.but(boot=boot)
            self._state.active.put(run)
            await self._record(Transition(changed_runs=(run,)))
        return run

    async def _directory(self, run: Run, script: Script) -> Path:
        if script.source is Source.LIVE:
            return self._parts.sources.live(script.id)
        return await self._parts.sources.snapshot(script.id, run.commit)

    def withdraw(self, run_id: RunId) -> bool:
        """Stop making a run ready; True if that was under way, so that nobody sends it now."""
        self.queue.promised.pop(run_id, None)
        self._made.pop(run_id, None)
        if run_id not in self.queue.preparing:
            return False
        self.queue.preparing.discard(run_id)
        return True

    def _give(self, run: Run, request: StartRequest, environment: Environment) -> None:
        """Give a run to the runner. Raises Unavailable."""
        self._parts.launcher.start(request)
        self._state.active.put(run)
        self._state.starting.add(run.id)
        self._parts.environments.touch(environment.key)

    def _refuse(self, run: Run, error: Exception) -> None:
        if self._state.active.get(run.id) is None:
            return  # It was cancelled meanwhile.
        if isinstance(error, EngineError):
            reason = str(error)
        else:
            logger.error("a run cannot be started", exc_info=error, extra=facts_of(run))
            reason = f"it cannot be started: {type(error).__name__}: {error}"
        self._give_up(run, RunStatus.FAILED, reason)
