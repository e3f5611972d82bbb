"""Start the runs that may start, as soon as they may.

Decides nothing: `admit` chooses, the runner claims and starts. A run that was sent
keeps its slot until the runner answers, so that no slot is given twice.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from engine.errors import EngineError, Unavailable
from engine.model.environment import Environment, EnvironmentState
from engine.model.run import Run, RunStatus
from engine.model.script import Script, Source
from engine.reconcile.parts import Parts
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks
from engine.runs.admit import Admission, Running, Waiting, admit

logger = logging.getLogger(__name__)

GiveUp = Callable[[Run, RunStatus, str], None]
"""End a queued run that can never be started, with its status and the reason."""


class Dispatcher:
    def __init__(self, parts: Parts, state: State, tasks: Tasks, give_up: GiveUp) -> None:
        self._parts = parts
        self._state = state
        self._tasks = tasks
        self._give_up = give_up
        self._timer: asyncio.TimerHandle | None = None
        self.ready = False
        """True while the runner is connected and every earlier start is accounted for."""
        self.draining = False
        """True while the server stops: nothing new is started."""

    def environment(self, script: Script) -> Environment | None:
        """Return the environment a run would start in: the wanted one, else the last good one."""
        wanted = self._parts.environments.ready(script.environment)
        if wanted is not None:
            return wanted
        in_force = self._state.scripts.get(script.id)
        key = in_force.environment if in_force else None
        return self._parts.environments.by_key(key) if key else None

    def admission(self) -> Admission:
        """Return what may start now, and of every other waiting run what it waits for."""
        state = self._state
        held = [run for run in state.active if self._holds_a_slot(run)]
        waiting = [self._waiting(run) for run in state.active if not self._holds_a_slot(run)]
        return admit(
            waiting,
            [Running.of(run, state.script(run.script)) for run in held],
            slots=self._parts.slots,
            now=self._parts.clock.now(),
        )

    def _holds_a_slot(self, run: Run) -> bool:
        return run.status is RunStatus.RUNNING or run.id in self._state.starting

    def _waiting(self, run: Run) -> Waiting:
        script = self._state.script(run.script)
        if script is None:
            return Waiting(id=run.id, script=run.script)
        failed = self._parts.environments.state(script.environment) is EnvironmentState.FAILED
        # A run whose environment has failed is let through, to be ended with the reason.
        ready = failed or self.environment(script) is not None
        return Waiting.of(run, script, environment_ready=ready)

    def start_what_may(self) -> None:
        """Send every run that may start to the runner."""
        if self.draining or not self.ready or not len(self._state.active):
            return
        admission = self.admission()
        for run_id in admission.start:
            run = self._state.active.get(run_id)
            if run is not None and not self._send(run):
                break
        self._wake(admission.wake_at)

    def _wake(self, at: datetime | None) -> None:
        """Look again when the next delayed attempt may start."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if at is not None:
            delay = max((at - self._parts.clock.now()).total_seconds(), 0)
            loop = asyncio.get_running_loop()
            # A moment of the wall clock: looked at again at the latest after a
            # minute, in case the clock was set meanwhile.
            self._timer = loop.call_later(min(delay, 60), self.start_what_may)

    def _send(self, run: Run) -> bool:
        """Send one run; False when the runner cannot be reached, so that all wait."""
        script = self._state.script(run.script)
        if script is None:
            self._give_up(run, RunStatus.CANCELLED, "the script was removed")
            return True
        environment = self.environment(script)
        if environment is None:
            message = self._parts.environments.failure(script.environment)
            self._give_up(run, RunStatus.ENV_FAILED, message or "the environment was not built")
            return True
        run = self._with_provenance(run, script, environment)
        self._state.active.put(run)
        self._state.starting.add(run.id)
        if script.source is Source.LIVE:
            directory = self._parts.sources.live(script.id)
            return self._hand_over(run, script, environment, directory)
        self._tasks.spawn(self._send_snapshot(run, script, environment))
        return True

    async def _send_snapshot(self, run: Run, script: Script, environment: Environment) -> None:
        try:
            directory = await self._parts.sources.snapshot(script.id, run.commit)
        except EngineError as error:
            self._refuse(run, error)
            return
        self._hand_over(run, script, environment, directory)

    def _hand_over(
        self, run: Run, script: Script, environment: Environment, directory: Path
    ) -> bool:
        try:
            request = self._parts.files.request(run, script, environment, directory)
            self._parts.launcher.start(request)
        except Unavailable:
            self._state.starting.discard(run.id)
            return False
        except EngineError as error:
            self._refuse(run, error)
        return True

    def _refuse(self, run: Run, error: EngineError) -> None:
        self._state.starting.discard(run.id)
        self._give_up(run, RunStatus.FAILED, str(error))

    def _with_provenance(self, run: Run, script: Script, environment: Environment) -> Run:
        in_force = self._state.scripts.get(script.id)
        last = self._parts.runs.last_started(script.id)
        return replace(
            run,
            commit=self._parts.sources.revision(),
            digest=in_force.digest if in_force else None,
            environment=environment.key,
            lock=environment.lock,
            python=environment.python,
            previous_status=run.previous_status or (last.status if last else None),
        )
