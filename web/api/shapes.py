"""The engine's words in the shapes of the API: one function per shape, no decision.

Each value is validated once, here, on the way out. The command line prints the same
shapes, so nothing of the web framework is imported.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from engine.model.account import ApiKey
from engine.model.plan import (
    CreateScript,
    DeleteScript,
    MarkScript,
    Plan,
    ScriptAction,
    UpdateScript,
)
from engine.model.run import Occurrence, Run
from engine.model.status import (
    Coming,
    EnvironmentDetails,
    EnvironmentReport,
    FolderReport,
    RunSample,
    ScriptReport,
    TreeReport,
    TriggerReport,
)
from engine.model.tree import Problem, Severity
from schemas import accounts, api, api_environments, api_metrics, api_tree


def run_shape(run: Run, waits_for: str | None = None) -> api.Run:
    return api.Run(**run_values(run), waits_for=waits_for)


def waited_run_shape(run: Run, waits_for: str | None = None) -> api.WaitedRun:
    return api.WaitedRun(**run_values(run), waits_for=waits_for, run_id=run.id)


def script_shape(report: ScriptReport) -> api.Script:
    return api.Script(
        id=report.id,
        name=report.name,
        description=report.description,
        folder=report.folder,
        enabled=report.enabled,
        status=report.status.value,
        stale=report.stale,
        problems=problem_shapes(report.problems),
        triggers=tuple(_trigger_shape(one) for one in report.triggers),
        next_run=in_utc(report.next_run),
        last_run=run_shape(report.last_run) if report.last_run else None,
        active=tuple(run_shape(run) for run in report.active),
        environment=_environment_shape(report.environment),
        revision=report.revision,
        digest=report.digest,
    )


def key_shape(key: ApiKey) -> accounts.ApiKey:
    return accounts.ApiKey(**_key_values(key))


def new_key_shape(key: ApiKey, secret: str) -> accounts.NewApiKey:
    return accounts.NewApiKey(**_key_values(key), secret=secret)


def _key_values(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": f"pysched_{key.id}_",
        "role": key.role.word,
        "scripts": key.scripts,
        "created": key.created,
        "expires": in_utc(key.expires),
        "last_used": in_utc(key.last_used),
    }


def problem_shapes(problems: Sequence[Problem]) -> tuple[api.Problem, ...]:
    return tuple(
        api.Problem(
            path=_text(one.path),
            line=one.line,
            column=one.column,
            severity=one.severity.value,
            code=one.code,
            message=_text(one.message),
        )
        for one in problems
    )


def occurrence_shape(occurrence: Occurrence) -> api.Occurrence:
    return api.Occurrence(
        due=occurrence.due.astimezone(UTC),
        trigger=occurrence.trigger,
        outcome=occurrence.outcome.value,
        reason=occurrence.reason,
        run_id=occurrence.run_id,
    )


def coming_shape(coming: Coming) -> api.Coming:
    return api.Coming(
        due=coming.due.astimezone(UTC), local=coming.due.isoformat(), trigger=coming.trigger
    )


def environment_details_shape(details: EnvironmentDetails) -> api_environments.EnvironmentDetails:
    return api_environments.EnvironmentDetails(
        **environment_values(details.report),
        building=details.building,
        lock=details.lock,
        lock_text=details.lock_text,
        packages=tuple(
            api_environments.Package(name=name, version=at) for name, at in details.packages
        ),
        build_log=details.log,
        built_at=in_utc(details.built_at),
        size_bytes=details.size,
        used_by=details.used_by,
    )


def sample_shape(sample: RunSample) -> api_metrics.Sample:
    return api_metrics.Sample(
        at=sample.at.astimezone(UTC),
        cpu_ms=sample.cpu_ms,
        cpu_cores=sample.cpu_cores,
        memory_bytes=sample.memory_bytes,
        processes=sample.processes,
    )


def folder_shape(folder: FolderReport) -> api_tree.Folder:
    return api_tree.Folder(
        path=_text(folder.path),
        name=_text(folder.name),
        description=folder.description,
        defaults=dict(folder.defaults),
        scripts=folder.scripts,
        scripts_below=folder.scripts_below,
        problems=problem_shapes(folder.problems),
    )


def tree_shape(tree: TreeReport) -> api_tree.TreeState:
    errors = [one for one in tree.problems if one.severity is Severity.ERROR]
    return api_tree.TreeState(
        status=tree.status.value,
        revision=tree.revision,
        scripts=tree.scripts,
        errors=problem_shapes(errors),
        warnings=problem_shapes(
            [one for one in tree.problems if one.severity is not Severity.ERROR]
        ),
        failure=_text_or_none(tree.failure),
        held=_text_or_none(tree.held),
        removals=tree.removals,
    )


def plan_shape(plan: Plan) -> api.Plan:
    return api.Plan(
        empty=plan.empty,
        actions=tuple(_action_shape(action) for action in plan.actions),
        builds=tuple(
            api.PlanBuild(
                python=request.python,
                requirements=tuple(request.requirements.splitlines()),
                scripts=scripts,
            )
            for request, scripts in plan.builds
        ),
        moved=tuple(
            api.PlanMove(script=one.script, before=in_utc(one.before), after=in_utc(one.after))
            for one in plan.moved
        ),
        problems=problem_shapes(plan.problems),
        held=plan.held,
    )


def run_values(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "script": run.script,
        "status": run.status.value,
        "reason": run.reason,
        "exit_code": run.exit_code,
        "signal": run.signal,
        "trigger": run.trigger,
        "cause": run.cause.value,
        "scheduled_for": in_utc(run.scheduled_for),
        "queued_at": in_utc(run.queued_at),
        "started_at": in_utc(run.started_at),
        "finished_at": in_utc(run.finished_at),
        "duration_ms": run.duration_ms,
        "cpu_ms": run.cpu_ms,
        "peak_memory_bytes": run.peak_memory_bytes,
        "attempt": run.attempt,
        "first_id": run.first_id,
        "commit": run.commit,
        "digest": run.digest,
        "lock": run.lock,
        "environment": run.environment,
        "python": run.python,
        "requested_by": run.requested_by,
        "args": tuple(_text(argument) for argument in run.args) if run.args else (),
        "output_bytes": run.output_bytes,
        "output_cut": run.output_cut,
    }


def _trigger_shape(report: TriggerReport) -> api.Trigger:
    return api.Trigger(
        key=report.key,
        kind=report.kind,
        description=report.description,
        enabled=report.enabled,
        next=in_utc(report.next),
    )


def _environment_shape(report: EnvironmentReport) -> api.Environment:
    return api.Environment(**environment_values(report))


def environment_values(report: EnvironmentReport) -> dict[str, Any]:
    return {
        "state": report.state.value,
        "key": report.key,
        "python": report.python,
        "message": report.message,
    }


def _action_shape(action: ScriptAction) -> api.PlanAction:
    changes = action.changes if isinstance(action, UpdateScript) else ()
    return api.PlanAction(
        action=_ACTION_WORDS[type(action)],
        id=action.id,
        changes=tuple(
            api.FieldChange(
                field=one.field, before=_text_or_none(one.before), after=_text_or_none(one.after)
            )
            for one in changes
        ),
    )


_ACTION_WORDS: dict[type[ScriptAction], str] = {
    CreateScript: "create",
    UpdateScript: "update",
    MarkScript: "mark",
    DeleteScript: "delete",
}


def in_utc(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is UTC:
        return moment
    return moment.astimezone(UTC)


def _text_or_none(value: str | None) -> str | None:
    return None if value is None else _text(value)


def _text(value: str) -> str:
    """Make text that JSON can carry: file names may hold bytes that are not UTF-8."""
    return value if value.isascii() else value.encode(errors="replace").decode()
