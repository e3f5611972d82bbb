"""Tell what is known of scripts: one in full, or a page of those a filter lets through."""

import base64
import binascii
from bisect import bisect_right
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from engine.errors import InvalidInput, NotFound
from engine.model.account import covers
from engine.model.environment import EnvironmentRequest, EnvironmentState
from engine.model.identity import EnvironmentKey, ScriptId
from engine.model.run import Run
from engine.model.script import Script
from engine.model.status import EnvironmentReport, ScriptReport, TriggerReport
from engine.model.tree import Severity
from engine.model.trigger import TimedTrigger, Trigger, kind_of
from engine.ports import Environments, InForce, Page, RunStore
from engine.reconcile.state import State
from engine.reconcile.status import script_status
from engine.schedule.describe import describe
from engine.schedule.fire_times import next_moment
from engine.service.ungranted import Ungranted


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptFilter:
    q: str | None = None
    """Words in id, name or description."""
    status: str | None = None
    folder: str | None = None
    patterns: tuple[str, ...] = ()
    """Of the scripts that the caller may see; empty means all."""

    @property
    def restricts(self) -> bool:
        """Whether an id, a name or a description decides; the status is looked at apart."""
        return bool(self.q or self.folder is not None or self.patterns)


class _Shared(NamedTuple):
    """What the reports of one answer have in common."""

    now: datetime
    revision: str | None
    ungranted: Ungranted
    environments: dict[tuple[EnvironmentRequest | None, EnvironmentKey | None], EnvironmentReport]


class Reports:
    def __init__(
        self,
        state: State,
        runs: RunStore,
        environments: Environments,
        revision: Callable[[], str | None],
        ungranted: Callable[[], Ungranted],
    ) -> None:
        self._state = state
        self._runs = runs
        self._environments = environments
        self._revision = revision
        self._ungranted = ungranted

    def one(self, script: ScriptId, now: datetime) -> ScriptReport:
        """Tell all about one script. Raises NotFound."""
        in_force = self._state.scripts.get(script)
        if in_force is None:
            raise NotFound(f"there is no script {script!r}")
        last_run = self._runs.last_runs([script]).get(script)
        return self._report(in_force, last_run, self._shared(now))

    def page(
        self, which: ScriptFilter, *, limit: int, cursor: str | None, now: datetime
    ) -> Page[ScriptReport]:
        """Return reports in order of id. Raises InvalidInput for a cursor that is not ours."""
        after = _decoded(cursor)
        scripts = self._state.scripts
        ids = sorted(scripts)
        ids = ids[bisect_right(ids, after) :]
        if which.restricts:
            ids = [script for script in ids if _matches(scripts[script], which)]
        if which.status is not None:
            ids = self._with_status(ids, which.status, limit)
        shown = ids[:limit]
        last_runs, shared = self._runs.last_runs(shown), self._shared(now)
        items = [self._report(scripts[script], last_runs.get(script), shared) for script in shown]
        more = len(ids) > limit
        return Page(items=items, next_cursor=_encoded(shown[-1]) if more and shown else None)

    def _with_status(self, ids: Collection[ScriptId], status: str, limit: int) -> list[ScriptId]:
        found: list[ScriptId] = []
        for script in ids:
            if self.status(self._state.scripts[script]) == status:
                found.append(script)
                if len(found) > limit:
                    break
        return found

    def status(self, in_force: InForce) -> str:
        state = self._environment_state(in_force.script)
        return script_status(in_force, state, self._runs.last_started(in_force.id))

    def _last_started(self, script: ScriptId, last_run: Run | None) -> Run | None:
        """Return the last run that really started and is over: mostly the last run itself."""
        if last_run is None or (last_run.status.final and last_run.started_at is not None):
            return last_run
        return self._runs.last_started(script)

    def _environment_state(self, script: Script | None) -> EnvironmentState:
        if script is None:
            return EnvironmentState.MISSING
        return self._environments.state(script.environment)

    def _shared(self, now: datetime) -> _Shared:
        return _Shared(now, self._revision(), self._ungranted(), {})

    def _report(self, in_force: InForce, last_run: Run | None, shared: _Shared) -> ScriptReport:
        script = in_force.script
        environment = self._shared_environment(in_force, shared)
        triggers = (
            tuple(_trigger_report(script, trigger, shared.now) for trigger in script.triggers)
            if script
            else ()
        )
        return ScriptReport(
            id=in_force.id,
            name=script.name if script else in_force.id.rsplit("/", 1)[-1],
            description=script.description if script else "",
            folder=folder_of(in_force.id),
            enabled=script.enabled if script else False,
            status=script_status(
                in_force, environment.state, self._last_started(in_force.id, last_run)
            ),
            stale=script is not None and _has_errors(in_force),
            problems=(*in_force.problems, *shared.ungranted.of(script)),
            triggers=triggers,
            next_run=min((each.next for each in triggers if each.next is not None), default=None),
            last_run=last_run,
            active=self._state.active.of(in_force.id),
            environment=environment,
            revision=shared.revision,
            digest=in_force.digest,
        )

    def _shared_environment(self, in_force: InForce, shared: _Shared) -> EnvironmentReport:
        """Look at an environment once for all scripts of a page that use it."""
        asks = in_force.script.environment if in_force.script else None, in_force.environment
        found = shared.environments.get(asks)
        if found is None:
            found = shared.environments[asks] = self.environment(in_force)
        return found

    def environment(self, in_force: InForce) -> EnvironmentReport:
        """Tell which environment the script's runs use, and how the one it asks for is."""
        script = in_force.script
        request = script.environment if script else None
        ready = self._environments.ready(request) if request else None
        state = EnvironmentState.READY if ready else self._environment_state(script)
        if ready is None and in_force.environment is not None:
            ready = self._environments.by_key(in_force.environment)
        return EnvironmentReport(
            state=state,
            key=ready.key if ready else None,
            python=ready.python if ready else None,
            message=self._environments.failure(request) if request else None,
        )


def _has_errors(in_force: InForce) -> bool:
    problems = in_force.problems
    return bool(problems) and any(one.severity is Severity.ERROR for one in problems)


def folder_of(script: ScriptId) -> str:
    """Return the folder that holds a script; empty for one directly below the root."""
    return script.rpartition("/")[0]


def _trigger_report(script: Script, trigger: Trigger, now: datetime) -> TriggerReport:
    fires = script.enabled and trigger.enabled
    moment = (
        next_moment(trigger, script.id, now)
        if fires and isinstance(trigger, TimedTrigger)
        else None
    )
    return TriggerReport(
        key=trigger.key,
        kind=kind_of(trigger),
        description=describe(trigger),
        enabled=trigger.enabled,
        next=moment.start if moment else None,
    )


def _matches(in_force: InForce, which: ScriptFilter) -> bool:
    if not covers(which.patterns, in_force.id):
        return False
    if which.folder is not None:
        folder = folder_of(in_force.id)
        if folder != which.folder and not folder.startswith(f"{which.folder}/"):
            return False
    if not which.q:
        return True
    script = in_force.script
    text = f"{in_force.id} {script.name} {script.description}" if script else in_force.id
    return all(word in text.casefold() for word in which.q.casefold().split())


def _encoded(script: ScriptId) -> str:
    return base64.urlsafe_b64encode(script.encode()).decode().rstrip("=")


def _decoded(cursor: str | None) -> str:
    if cursor is None:
        return ""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise InvalidInput(f"{cursor!r} is no cursor of this list") from error
