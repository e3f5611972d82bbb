"""Start the runs that may start, as soon as they may.

Decides nothing: `admit` chooses, the runner claims and starts. A run that was sent
keeps its slot until the runner answers, so that no slot is given twice.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from engine.errors import EngineError, Unavailable
from engine.model.environment import Environment, EnvironmentRequest, EnvironmentState
from engine.model.identity import EnvironmentKey, RunId
from engine.model.run import Run, RunStatus
from engine.model.script import Script, Source
from engine.reconcile.line import head
from engine.reconcile.parts import Parts
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks
from engine.runs.admit import Admission, Running, Waiting, admit

logger = logging.getLogger(__name__)

GiveUp = Callable[[Run, RunStatus, str], None]
"""End a queued run that can never be started, with its status and the reason."""

LONGEST_SLEEP = 60.0
"""Seconds; a delayed run waits by the wall clock, which may be set meanwhile."""
LARGEST_EXCESS = 256
"""Runs that are over of which something is still remembered."""
TRY_AGAIN = timedelta(seconds=1)
"""After the runner or the disk did not take a run."""


class Dispatcher:
    def __init__(self, parts: Parts, state: State, tasks: Tasks, give_up: GiveUp) -> None:
        self._parts = parts
        self._state = state
        self._tasks = tasks
        self._give_up = give_up
        self._timer: asyncio.TimerHandle | None = None
        self._preparing: set[RunId] = set()
        """Runs whose checkout is being made; they hold their slots, and nobody has sent them."""
        self._known: dict[RunId, tuple[Script, Waiting]] = {}
        self._at_work = False
        self._again = False
        self.ask_for: Callable[[EnvironmentRequest], None] | None = None
        """Has an environment built that vanished since its script was planned."""
        self.ready = False
        """True while the runner is connected and every earlier start is accounted for."""
        self.draining = False
        """True while the server stops: nothing new is started."""

    def environment(self, script: Script) -> Environment | None:
        """Return the environment a run would start in: the wanted one, else the last good one."""
        wanted = self._parts.environments.ready(script.environment)
        if wanted is not None:
            return wanted
        key = self._last_good(script)
        return self._parts.environments.by_key(key) if key else None

    def _last_good(self, script: Script) -> EnvironmentKey | None:
        in_force = self._state.scripts.get(script.id)
        return in_force.environment if in_force else None

    def admission(self) -> Admission:
        """Return what may start now, and of every other waiting run what it waits for."""
        return admit(
            [self._waiting(run) for run in self._line()],
            list(self._holders()),
            slots=self._parts.slots,
            now=self._parts.clock.now(),
        )

    def _holders(self) -> Iterator[Running]:
        """Yield the runs that hold a slot: those that run, were sent, or are made ready."""
        active, script = self._state.active, self._state.script
        for run in active.running():
            yield Running.of(run, script(run.script))
        for run_id in (*self._state.starting, *self._preparing):
            run = active.get(run_id)
            if run is not None and run.status is RunStatus.QUEUED:
                yield Running.of(run, script(run.script))

    def _line(self) -> Iterator[Run]:
        """Yield the runs that wait and are on record, oldest first."""
        state = self._state
        for run in state.active.queued():
            if not (
                run.id in state.starting or run.id in self._preparing or run.id in state.unrecorded
            ):
                yield run

    def _waiting(self, run: Run) -> Waiting:
        script = self._state.script(run.script)
        if script is None:
            return Waiting(id=run.id, script=run.script)
        return Waiting.of(run, script, environment_ready=self._has_environment(script))

    def _remembering(self) -> Callable[[Run], Waiting]:
        """Return `_waiting`, which makes what it says of a run once for one definition."""
        ready: dict[tuple[EnvironmentRequest, EnvironmentKey | None], bool] = {}

        def waiting(run: Run) -> Waiting:
            script = self._state.script(run.script)
            if script is None:
                return self._waiting(run)
            environments = script.environment, self._last_good(script)
            is_ready = ready.get(environments)
            if is_ready is None:
                is_ready = ready[environments] = self._has_environment(script)
            known = self._known.get(run.id)
            if known is None or known[0] is not script or known[1].environment_ready != is_ready:
                known = script, Waiting.of(run, script, environment_ready=is_ready)
                self._known[run.id] = known
            return known[1]

        if len(self._known) > LARGEST_EXCESS + 2 * len(self._state.active):
            self._known.clear()
        return waiting

    def _has_environment(self, script: Script) -> bool:
        """Say whether nothing is left to wait for; a build that failed is no reason to wait."""
        if self.environment(script) is not None:
            return True
        state = self._parts.environments.state(script.environment)
        if state is EnvironmentState.MISSING and self.ask_for is not None:
            self.ask_for(script.environment)
        return state is EnvironmentState.FAILED

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
                self._start_head()
        except Exception as error:
            # The caller is at work on another run, which this must not hurt.
            self._tasks.failed(error)
            self._wake(self._parts.clock.now() + TRY_AGAIN)
        finally:
            self._at_work = False

    def _start_head(self) -> None:
        now = self._parts.clock.now()
        admission = head(
            self._line(),
            list(self._holders()),
            self._remembering(),
            slots=self._parts.slots,
            now=now,
        )
        wake_at = admission.wake_at
        for run_id in admission.start:
            run = self._state.active.get(run_id)
            if run is not None and not self._send(run):
                wake_at = now + TRY_AGAIN
                break
        self._wake(wake_at)

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
        environment = self.environment(script)
        if environment is None:
            message = self._parts.environments.failure(script.environment)
            self._give_up(run, RunStatus.ENV_FAILED, message or "the environment was not built")
            return True
        try:
            return self._prepare(run, script, environment)
        except Unavailable as error:
            logger.warning("run not started", extra={"run_id": run.id, "error": str(error)})
            return False
        except Exception as error:
            # Whatever is wrong with this one must not keep those behind it waiting.
            self._refuse(run, error)
            return True

    def _prepare(self, run: Run, script: Script, environment: Environment) -> bool:
        run = self._with_provenance(run, script, environment)
        if script.source is Source.LIVE:
            self._hand_over(run, script, environment, self._parts.sources.live(script.id))
        else:
            self._state.active.put(run)
            self._preparing.add(run.id)
            self._tasks.spawn(self._send_snapshot(run, script, environment))
        return True

    async def _send_snapshot(self, run: Run, script: Script, environment: Environment) -> None:
        try:
            directory = await self._parts.sources.snapshot(script.id, run.commit)
            if self.withdraw(run.id) and self.ready and not self.draining:
                self._hand_over(run, script, environment, directory)
        except Unavailable as error:
            logger.warning("run not started", extra={"run_id": run.id, "error": str(error)})
            self._wake(self._parts.clock.now() + TRY_AGAIN)
        except Exception as error:
            self._refuse(run, error)
        finally:
            self._preparing.discard(run.id)

    def withdraw(self, run_id: RunId) -> bool:
        """Stop making a run ready; True if that was under way, so that nobody sends it now."""
        if run_id not in self._preparing:
            return False
        self._preparing.discard(run_id)
        return True

    def _hand_over(
        self, run: Run, script: Script, environment: Environment, directory: Path
    ) -> None:
        """Give a run to the runner. Raises Unavailable, and EngineError if it can't be started."""
        request = self._parts.files.request(run, script, environment, directory)
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
            logger.error("a run cannot be started", exc_info=error, extra={"run_id": run.id})
            reason = f"it cannot be started: {type(error).__name__}: {error}"
        self._give_up(run, RunStatus.FAILED, reason)

    def stamped(self, run: Run) -> Run:
        """Return a run that is about to be recorded with what it would start from now.

        So its row tells what it ran even if the engine dies between the start and
        the record of it. What it really starts from is taken anew at the start.
        """
        script = self._state.script(run.script) if run.status is RunStatus.QUEUED else None
        environment = self.environment(script) if script is not None else None
        if script is None or environment is None:
            return run
        try:
            return self._with_origin(run, script, environment)
        except (EngineError, OSError) as error:
            # Such as a damaged repository. It is recorded all the same; its start says more.
            logger.warning("origin unknown", extra={"run_id": run.id, "error": str(error)})
            return run

    def _with_provenance(self, run: Run, script: Script, environment: Environment) -> Run:
        previous = run.previous_status or self._previous_status(script)
        return replace(self._with_origin(run, script, environment), previous_status=previous)

    def _with_origin(self, run: Run, script: Script, environment: Environment) -> Run:
        in_force = self._state.scripts.get(script.id)
        return replace(
            run,
            commit=self._parts.sources.revision(),
            digest=in_force.digest if in_force else None,
            environment=environment.key,
            lock=environment.lock,
            python=environment.python,
        )

    def _previous_status(self, script: Script) -> RunStatus | None:
        """Return how the script ran last, also if that is not on disk yet."""
        for run in reversed(self._state.ending.values()):
            if run.script == script.id and run.started_at is not None:
                return run.status
        last = self._parts.runs.last_started(script.id)
        return last.status if last else None
