"""What the HTTP API takes and gives, key by key.

The names are the contract (programs outside this repository read them): keys may
be added, none may be renamed. Times are ISO 8601 in UTC with `Z`, sizes bytes,
durations milliseconds; `null` says that something is not known or did not happen.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

EnvironmentName = Annotated[str, Field(pattern=r"^[^=\x00]+$", max_length=1_000)]
Argument = Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=100_000)]


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("this moment is too far away to be used") from None


Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""A time that somebody asks with; in UTC where it names no offset."""


class Shape(BaseModel):
    """An answer. Built from values that are right already, so extra keys are a mistake here.

    Its validator is made when it is first used: that of all answers is a fortieth of a start.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Problem(Shape):
    """A mistake in the tree, at the place to mend it."""

    path: str = Field(examples=["api-calls/weather-api/script.yaml"])
    line: int
    column: int
    severity: str = Field(description="`error` or `warning`")
    code: str
    message: str = Field(examples=["unknown key 'crn' (did you mean 'cron'?)"])


class Trigger(Shape):
    """One reason to run, and when it fires next."""

    key: str
    kind: str = Field(examples=["cron"])
    description: str = Field(examples=["every 5 minutes"])
    enabled: bool
    next: datetime | None


class Environment(Shape):
    """The virtual environment that runs of the script use."""

    state: str = Field(description="`missing`, `building`, `ready` or `failed`, of the newest one")
    key: str | None
    python: str | None = Field(examples=["3.12.1"])
    message: str | None = Field(description="Why the newest build failed")


class Run(Shape):
    """One execution of a script."""

    id: str = Field(examples=["20261124T093000-3f2a9c01d4e5"])
    script: str = Field(examples=["api-calls/weather-api"])
    status: str = Field(
        description=(
            "`queued`, `running`, then one of `success`, `failed`, `timeout`, `out_of_memory`, "
            "`cancelled`, `skipped`, `missed`, `env_failed`, `interrupted`"
        )
    )
    reason: str = Field(examples=["exit 3"])
    exit_code: int | None = Field(description="Negative for a signal")
    signal: int | None
    trigger: str | None
    cause: str
    scheduled_for: datetime | None
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None
    cpu_ms: int | None
    peak_memory_bytes: int | None
    attempt: int
    first_id: str | None = Field(description="Of a retry: the run that was tried first")
    commit: str | None
    digest: str | None = Field(description="Hash of the script's directory")
    lock: str | None = Field(description="Hash of the pinned requirements")
    environment: str | None = Field(description="Key of the environment it ran in")
    python: str | None
    requested_by: str | None
    args: tuple[str, ...]
    output_bytes: int | None = Field(description="What the run wrote, kept or not")
    output_cut: int | None = Field(description="Bytes of it that were not kept")
    waits_for: str | None = Field(description="Why a queued run has not started yet")


class Script(Shape):
    """One script directory and how it is."""

    id: str = Field(examples=["api-calls/weather-api"])
    name: str
    description: str
    folder: str
    enabled: bool
    status: str = Field(
        description="`ok`, `failing`, `error`, `env_failed`, `building`, `paused` or `manual`"
    )
    stale: bool = Field(description="The files hold an error; an older definition is in force")
    problems: tuple[Problem, ...]
    triggers: tuple[Trigger, ...]
    next_run: datetime | None
    last_run: Run | None
    active: tuple[Run, ...] = Field(description="Queued and running runs")
    environment: Environment
    revision: str | None
    digest: str


class Occurrence(Shape):
    """One scheduled moment and what became of it."""

    due: datetime
    trigger: str
    outcome: str = Field(
        description=(
            "`ran`, `caught_up`, `shifted`, `deduplicated`, `skipped`, `missed`, `paused` or "
            "`blocked`"
        )
    )
    reason: str
    run_id: str | None


class Coming(Shape):
    """One future occurrence."""

    due: datetime
    local: str = Field(
        description="The same moment in the trigger's own time zone",
        examples=["2026-11-25T07:00:00+01:00"],
    )
    trigger: str


class ScriptList(Shape):
    items: tuple[Script, ...]
    next_cursor: str | None


class RunList(Shape):
    items: tuple[Run, ...]
    next_cursor: str | None


class OccurrenceList(Shape):
    items: tuple[Occurrence, ...]
    next_cursor: str | None


class ComingList(Shape):
    items: tuple[Coming, ...]
    next_cursor: None = None


class RunRequested(Shape):
    run_id: str = Field(examples=["20261124T093000-3f2a9c01d4e5"])


class WaitedRun(Run):
    """The run that a trigger with `?wait=` started, as it was when the waiting ended."""

    run_id: str


class FieldChange(Shape):
    """`before` is null for a new field, `after` for one that is gone."""

    field: str
    before: str | None
    after: str | None


class PlanAction(Shape):
    action: str = Field(description="`create`, `update`, `mark` (file problem) or `delete`")
    id: str
    changes: tuple[FieldChange, ...]


class PlanBuild(Shape):
    python: str | None
    requirements: tuple[str, ...]
    scripts: tuple[str, ...]


class PlanMove(Shape):
    script: str
    before: datetime | None
    after: datetime | None


class Plan(Shape):
    """What differs between the tree and what is in force."""

    empty: bool
    actions: tuple[PlanAction, ...]
    builds: tuple[PlanBuild, ...]
    moved: tuple[PlanMove, ...]
    problems: tuple[Problem, ...]
    held: str | None = Field(description="Why the removals wait for a confirmation")


class HealthDetails(Shape):
    """Only for callers with a key."""

    scripts: int
    problems: int
    queued: int
    running: int
    revision: str | None
    failing: dict[str, str] = Field(description="Parts that do not work, with a sentence")
    degraded: dict[str, str] = Field(description="Parts that work in a lesser way, with a sentence")
    limits: dict[str, str] = Field(description="How each limit of a run is enforced here")


class Health(Shape):
    """`failing` names the parts that do not work; why is only for callers with a key."""

    status: str = Field(description="`ok` or `failing`", examples=["ok"])
    failing: tuple[str, ...] | None = None
    details: HealthDetails | None = None


class Version(Shape):
    version: str
    python: str


class InvalidField(Shape):
    field: str = Field(examples=["query.limit"])
    message: str


class ProblemDetails(Shape):
    """An error (RFC 9457); `code` is stable, the sentences are for people."""

    type: str = "about:blank"
    title: str = Field(examples=["Not Found"])
    status: int
    code: str = Field(examples=["not_found"])
    detail: str
    errors: tuple[InvalidField, ...] | None = None


class Request(BaseModel):
    """A body from outside: unknown keys are mistakes and are told as such."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ExecuteRequest(Request):
    args: list[Argument] = Field(default=[], max_length=1_000, examples=[["--city", "Berlin"]])
    env: dict[EnvironmentName, Argument] = Field(default={}, max_length=1_000)


class ReconcileRequest(Request):
    confirm: bool = Field(default=False, description="Let removals through that wait for this")
