"""`script.yaml` and `folder.yaml`, key by key (spec: "script.yaml").

A key that was not written stays out of `model_fields_set`, which is how defaults
of folders are told from what a script says itself. Rules that need more than
one key or another file are in `engine.spec`.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from schemas.fields import (
    STRICT,
    Duration,
    Event,
    Paragraph,
    PositiveDuration,
    PythonVersion,
    RelativePath,
    Size,
    Text,
)
from schemas.triggers import Arguments, Environment, NoneMeansEmptyList, TriggerItem

MOST_TRIGGERS = 100
"""Of one script: what a manifest of 64 KB could hold would take seconds to check."""

MOST_TARGETS = 50
"""Of one script: a mailing list reaches more people."""

ExitCode = Annotated[int, Field(ge=0, le=255)]
Failure = Literal["failed", "timeout", "out_of_memory", "env_failed", "interrupted"]


class LimitFields(BaseModel):
    """Bounds of one run's whole process tree; null lifts a bound set further out."""

    model_config = STRICT

    timeout: PositiveDuration | None = Field(
        default=None, description="Longest time of a run; default PYSCHED_DEFAULT_SCRIPT_TIMEOUT."
    )
    memory: Size | None = Field(
        default=None, description="Most memory of the tree; default PYSCHED_DEFAULT_MEMORY_LIMIT."
    )
    cpu: float | None = Field(default=None, gt=0, le=4096, description="Cores the tree may use.")
    processes: int | None = Field(default=None, ge=1, description="Most processes at once.")
    output: Size | None = Field(
        default=10_000_000,
        description="Output that is kept: the first and the last half; what is cut is said.",
    )


class RetryFields(BaseModel):
    """Whether and when a run that failed is repeated."""

    model_config = STRICT

    attempts: int | None = Field(
        default=None, ge=1, le=1000, description="Most runs for one occurrence; counts the first."
    )
    delay: Duration = Field(
        default=timedelta(seconds=10), description="Time from a failure to the next attempt."
    )
    backoff: float = Field(
        default=1.0, ge=1, le=100, description="Factor by which the delay grows with each attempt."
    )
    max_delay: Duration = Field(default=timedelta(hours=1), description="Upper bound of the delay.")
    when: list[Failure] = Field(
        default_factory=lambda: ["failed", "timeout"],
        min_length=1,
        description="Statuses that are repeated.",
    )


class NotifyFields(BaseModel):
    """Who hears of what."""

    model_config = STRICT

    when: list[Event] = Field(
        default_factory=lambda: ["failure", "recovery"],
        min_length=1,
        description="Events that are told.",
    )
    to: list[Text] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_TARGETS,
        description="Mail addresses and Apprise URLs.",
    )


class KeepFields(BaseModel):
    """How long finished runs are kept; whichever is reached first."""

    model_config = STRICT

    runs: int = Field(default=200, ge=1, description="Finished runs kept of the script.")
    days: int = Field(default=90, ge=1, le=36_500, description="Days a finished run is kept.")


class _Manifest(BaseModel):
    model_config = STRICT

    enabled: bool = Field(
        default=True, description="false: no trigger fires; a manual run still works."
    )
    main: RelativePath | None = Field(
        default=None,
        description="The Python file; default <directory>.py, else main.py, else the only .py.",
    )
    args: Arguments = Field(
        default_factory=list, description="Command-line arguments of every run."
    )
    python: PythonVersion | None = Field(
        default=None,
        description="Python version in quotes; default from pysched.yaml, else the server's.",
    )
    env: Environment = Field(
        default_factory=dict,
        description="Environment variables; ${secret:NAME} is taken from the secret store, "
        "$${…} is a literal.",
    )
    limits: LimitFields | None = Field(
        default=None, description="Bounds of one run's process tree."
    )
    overlap: Literal["skip", "queue", "parallel", "replace"] = Field(
        default="skip", description="What happens to an occurrence while a run is still going."
    )
    max_parallel: int | None = Field(
        default=None,
        ge=1,
        description="With overlap: parallel, the most runs at once; "
        "default: bounded by runs.max_concurrent alone.",
    )
    queue_limit: int | None = Field(
        default=None, ge=1, description="With overlap: queue, the most runs that wait."
    )
    group: Text | None = Field(
        default=None, description="Scripts of one group never run at the same time."
    )
    retry: RetryFields | None = Field(
        default=None, description="Repeats failed runs; null switches a folder's setting off."
    )
    success_exit_codes: list[ExitCode] = Field(
        default_factory=lambda: [0], min_length=1, description="Exit codes that mean success."
    )
    skip_exit_codes: list[ExitCode] = Field(
        default_factory=list[ExitCode],
        description="Exit codes that mean there was nothing to do: status skipped.",
    )
    source: Literal["live", "snapshot"] = Field(
        default="live", description="Run in the tree, or in a checkout of the recorded revision."
    )
    merge_output: bool = Field(
        default=False, description="true: stderr into stdout, in exact order."
    )
    stop_grace: Duration = Field(
        default=timedelta(seconds=10),
        description="Time between SIGTERM and SIGKILL of the process tree.",
    )
    queue: Text = Field(
        default="default", description="Name of the queue that workers take runs from."
    )
    sandbox: Literal["none", "restricted"] = Field(
        default="none", description="Whether the run is shut off from the rest of the machine."
    )
    notify: NotifyFields | None = Field(
        default=None, description="Notifications; null switches a folder's setting off."
    )
    expect_within: PositiveDuration | None = Field(
        default=None, description="Alert `missed` when no run has succeeded for that long."
    )
    keep: KeepFields | None = Field(default=None, description="How long finished runs are kept.")


class FolderManifest(_Manifest):
    """Defaults for all scripts below a folder."""

    name: Text | None = Field(default=None, description="Display name of the folder itself.")
    description: Paragraph = Field(default="", description="What the folder holds; not inherited.")


class ScriptManifest(_Manifest):
    """What a script asks for; every key is optional."""

    name: Text | None = Field(
        default=None, description="Display name; default: the directory's name in title case."
    )
    description: Paragraph = Field(default="", description="What the script does.")
    triggers: Annotated[list[TriggerItem], NoneMeansEmptyList] = Field(
        default_factory=list[TriggerItem],
        max_length=MOST_TRIGGERS,
        description="Reasons to run; without any, the script is run by hand.",
    )
