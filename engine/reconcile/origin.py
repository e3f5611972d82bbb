"""From what a run starts: the environment, the revision of its files, how the script ran before."""

import logging

from engine.errors import EngineError
from engine.model.environment import Environment
from engine.model.identity import EnvironmentKey, ScriptId
from engine.model.run import Run, RunStatus
from engine.model.script import Script
from engine.reconcile.notes import facts_of
from engine.reconcile.parts import Parts
from engine.reconcile.state import State

logger = logging.getLogger(__name__)


class Origins:
    def __init__(self, parts: Parts, state: State) -> None:
        self._parts = parts
        self._state = state
        self._last: dict[ScriptId, RunStatus | None] = {}
        """How scripts ran last, of those that were asked for."""

    def environment(self, script: Script) -> Environment | None:
        """Return the environment a run would start in: the wanted one, else the last good one."""
        wanted = self._parts.environments.ready(script.environment)
        if wanted is not None:
            return wanted
        key = self.last_good(script)
        return self._parts.environments.by_key(key) if key else None

    def last_good(self, script: Script) -> EnvironmentKey | None:
        in_force = self._state.scripts.get(script.id)
        return in_force.environment if in_force else None

    def noted(self, run: Run) -> Run:
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
            logger.warning("origin unknown", extra=facts_of(run) | {"error": str(error)})
            return run

    def of(self, run: Run, script: Script, environment: Environment) -> Run:
        """Return a run that starts now with what it starts from."""
        previous = run.previous_status or self._previous_status(script)
        return self._with_origin(run, script, environment).but(previous_status=previous)

    def _with_origin(self, run: Run, script: Script, environment: Environment) -> Run:
        in_force = self._state.scripts.get(script.id)
        return run.but(
            commit=self._parts.sources.revision(),
            digest=in_force.digest if in_force else None,
            environment=environment.key,
            lock=environment.lock,
            python=environment.python,
        )

    def ended(self, run: Run) -> None:
        """Remember how a script ran last, so that nobody has to ask the disk for it."""
        if run.started_at is not None:
            self._last[run.script] = run.status

    def _previous_status(self, script: Script) -> RunStatus | None:
        if script.id not in self._last:
            last = self._parts.runs.last_started(script.id)
            self._last[script.id] = last.status if last else None
        return self._last[script.id]
