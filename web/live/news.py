"""Which scripts an event of the engine is about, for those who show a list of scripts.

The status of a script follows from its files, its environment and its last run; so what
is told are the scripts for which one of these changed, and of runs only those that end
otherwise than the one before.
"""

from typing import NamedTuple

from engine.model.environment import EnvironmentRequest
from engine.model.event import BuildChanged, Event, PlanApplied, RunChanged, SyncChanged
from engine.model.identity import ScriptId
from engine.model.plan import DeleteScript, Plan
from engine.model.run import Run, RunStatus

ENDED = frozenset({"ready", "failed"})


class Change(NamedTuple):
    changed: frozenset[ScriptId] = frozenset()
    removed: frozenset[ScriptId] = frozenset()


class ScriptNews:
    def __init__(self) -> None:
        self._building: set[EnvironmentRequest] = set()
        self._last: dict[ScriptId, RunStatus] = {}
        """How the last run of each script ended, as far as it was told."""

    def of(self, event: Event) -> Change | None:
        """Return what changes for a list of scripts and the state of the tree; None: nothing."""
        match event:
            case PlanApplied(plan=plan):
                return self._applied(plan)
            case BuildChanged():
                return self._built(event)
            case RunChanged(run=run):
                return self._ran(run)
            case SyncChanged():
                return Change()
            case _:
                return None

    def _applied(self, plan: Plan) -> Change:
        removed = frozenset(one.id for one in plan.actions if isinstance(one, DeleteScript))
        for script in removed:
            self._last.pop(script, None)
        return Change(frozenset(one.id for one in plan.actions) - removed, removed)

    def _built(self, event: BuildChanged) -> Change | None:
        ended = event.phase in ENDED
        if not ended and event.request in self._building:
            return None
        if ended:
            self._building.discard(event.request)
        else:
            self._building.add(event.request)
        return Change(frozenset(event.scripts))

    def _ran(self, run: Run) -> Change | None:
        # One that never started says nothing of the script.
        if not run.status.final or run.started_at is None:
            return None
        if self._last.get(run.script) is run.status:
            return None
        self._last[run.script] = run.status
        return Change(frozenset({run.script}))
