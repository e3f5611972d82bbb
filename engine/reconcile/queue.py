"""The runs that wait and those that hold a slot, and which of the ones may join the others."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from engine.model.environment import EnvironmentRequest, EnvironmentState
from engine.model.identity import EnvironmentKey, RunId
from engine.model.run import Run, RunStatus
from engine.model.script import Script
from engine.reconcile.line import head
from engine.reconcile.origin import Origins
from engine.reconcile.parts import Parts
from engine.reconcile.state import State
from engine.runs.admit import Admission, Running, Waiting, admit

LARGEST_EXCESS = 256
"""Runs that are over of which something is still remembered."""


class Queue:
    def __init__(self, parts: Parts, state: State, origins: Origins) -> None:
        self._parts = parts
        self._state = state
        self._origins = origins
        self.preparing: set[RunId] = set()
        """Runs whose sending is being recorded or whose checkout is being made; they hold their
        slots, and nobody has sent them."""
        self.promised: dict[RunId, None] = {}
        """Runs that start once their rows, which say so, are on disk; they hold their slots."""
        self._known: dict[RunId, tuple[Script, Waiting]] = {}
        self.ask_for: Callable[[EnvironmentRequest], None] | None = None
        """Has an environment built that vanished since its script was planned."""

    def may_start(self, more: Iterable[Run] = ()) -> Admission:
        """Return which runs at the head of the line may start, with `more` at its end."""
        return head(
            chain(self._line(), more),
            list(self._holders()),
            self._remembering(),
            slots=self._parts.slots,
            now=self._parts.clock.now(),
        )

    @property
    def is_full(self) -> bool:
        """Whether no slot is left."""
        return sum(1 for _ in self._holders()) >= self._parts.slots

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
        for run_id in (*self._state.starting, *self.preparing, *self.promised):
            run = active.get(run_id)
            if run is not None and run.status is RunStatus.QUEUED:
                yield Running.of(run, script(run.script))

    def _line(self) -> Iterator[Run]:
        """Yield the runs that wait and are on record, oldest first."""
        state = self._state
        for run in state.active.queued():
            if not (
                run.id in state.starting
                or run.id in self.preparing
                or run.id in self.promised
                or run.id in state.unrecorded
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
            environments = script.environment, self._origins.last_good(script)
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
        if self._origins.environment(script) is not None:
            return True
        state = self._parts.environments.state(script.environment)
        if state is EnvironmentState.MISSING and self.ask_for is not None:
            self.ask_for(script.environment)
        return state is EnvironmentState.FAILED
