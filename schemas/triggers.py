"""The items of `triggers` in a `script.yaml`: one model for each kind.

The kind is the key that is present. Exactly one of them may be, which is told
by whoever reports the errors (`engine.spec`), because the mend depends on what
else was written.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Discriminator, Field, Tag

from schemas.fields import (
    MOMENT_PATTERN,
    STRICT,
    Argument,
    Duration,
    EnvName,
    Interval,
    MomentText,
    RelativePath,
    Text,
    TimeZone,
    refusal,
)

KINDS = ("cron", "every", "at", "startup", "url", "after", "files")
_KIND_SET = frozenset(KINDS)

NoneMeansEmptyList = BeforeValidator(lambda value: [] if value is None else value)
NoneMeansEmptyMapping = BeforeValidator(lambda value: {} if value is None else value)

Arguments = Annotated[list[Argument], NoneMeansEmptyList]
"""`args:` with nothing behind it is no mistake."""
Environment = Annotated[
    dict[EnvName, Argument],
    NoneMeansEmptyMapping,
    Field(json_schema_extra={"propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}}),
]


class TriggerFields(BaseModel):
    """What every trigger takes."""

    model_config = STRICT

    name: Text | None = Field(
        default=None,
        description="Names the trigger in lists and in PYSCHED_TRIGGER; unique in the script.",
    )
    enabled: bool = Field(default=True, description="false: this trigger does not fire.")
    args: Arguments = Field(
        default_factory=list, description="Arguments added to the script's own."
    )
    env: Environment = Field(
        default_factory=dict, description="Environment variables added to the script's own."
    )


class TimedFields(TriggerFields):
    """What triggers take whose times are known ahead."""

    jitter: Duration = Field(
        default=timedelta(),
        description="Upper bound of a delay that is stable for the script, to spread the load.",
    )
    catch_up: Literal["none", "latest", "all"] = Field(
        default="latest",
        description="What happens to occurrences missed while the server was down.",
    )
    catch_up_window: Duration = Field(
        default=timedelta(days=1),
        description="How far back missed occurrences are looked for.",
    )


class CronFields(TimedFields):
    """A cron expression."""

    cron: str = Field(
        description="5 fields, 6 with leading seconds, or @hourly, @daily, @weekly, @monthly, "
        "@yearly; names, ranges, steps, L, #, W.",
        examples=["*/5 * * * *", "0 9 * * mon-fri", "@daily"],
    )
    timezone: TimeZone | None = Field(
        default=None,
        description="IANA time zone of the expression; default from pysched.yaml, else UTC.",
    )


class EveryFields(TimedFields):
    """A fixed distance."""

    every: Interval = Field(
        description="Distance of the occurrences, counted from a fixed anchor, at least 1s."
    )


def _moment(text: str) -> str:
    if not MOMENT_PATTERN.match(text):
        raise refusal(f"{text!r} is not a date and time; write it like 2027-01-31T09:00:00")
    return text


class AtFields(TimedFields):
    """One moment."""

    at: Annotated[MomentText, AfterValidator(_moment)] = Field(
        description="Date and time of the only run, in `timezone` unless it carries an offset."
    )
    timezone: TimeZone | None = Field(
        default=None,
        description="IANA time zone of the moment; default from pysched.yaml, else UTC.",
    )


class StartupFields(TriggerFields):
    """The start of the server."""

    startup: Literal[True] = Field(description="Run when the server starts.")


class UrlOptions(BaseModel):
    """How the URL may be called."""

    model_config = STRICT

    token: bool = Field(
        default=False,
        description="true: adds a secret address /hooks/<token> for callers without headers; "
        "POST /api/hooks/<id> gives one out.",
    )


class UrlFields(TriggerFields):
    """A call of the script's URL."""

    url: Annotated[
        UrlOptions,
        BeforeValidator(
            lambda value: {} if value is True else value,
            json_schema_input_type=Literal[True] | UrlOptions,
        ),
    ] = Field(description="Run on GET or POST /api/scripts/<id>/trigger with an API key.")


class AfterOptions(BaseModel):
    """Which script, and which end of its run."""

    model_config = STRICT

    script: Text = Field(
        description="Id of the other script: its path from the tree's root, such as etl/extract."
    )
    when: Literal["success", "failure", "finish"] = Field(
        default="success", description="Which end of its run sets this script off."
    )


class AfterFields(TriggerFields):
    """The end of another script's run."""

    after: Annotated[
        AfterOptions,
        BeforeValidator(
            lambda value: {"script": value} if isinstance(value, str) else value,
            json_schema_input_type=str | AfterOptions,
        ),
    ] = Field(description="Run when a run of that script has succeeded, or as `when` says.")


class FilesFields(TriggerFields):
    """Files that appear or change."""

    files: RelativePath = Field(
        description="Glob below the script's directory; matching files are in PYSCHED_FILES.",
        examples=["inbox/*.csv"],
    )


MODELS: dict[str, type[TriggerFields]] = {
    "cron": CronFields,
    "every": EveryFields,
    "at": AtFields,
    "startup": StartupFields,
    "url": UrlFields,
    "after": AfterFields,
    "files": FilesFields,
}


def kinds_in(item: Any) -> list[str]:
    """Return the kinds a trigger item names; a valid one names exactly one."""
    return [kind for kind in KINDS if kind in item] if isinstance(item, dict) else []


def _kind(item: Any) -> str | None:
    if isinstance(item, TriggerFields):
        return next(kind for kind, model in MODELS.items() if type(item) is model)
    kinds = _KIND_SET & item.keys() if isinstance(item, dict) else ()
    return next(iter(kinds)) if len(kinds) == 1 else None


TriggerItem = Annotated[
    Annotated[CronFields, Tag("cron")]
    | Annotated[EveryFields, Tag("every")]
    | Annotated[AtFields, Tag("at")]
    | Annotated[StartupFields, Tag("startup")]
    | Annotated[UrlFields, Tag("url")]
    | Annotated[AfterFields, Tag("after")]
    | Annotated[FilesFields, Tag("files")],
    Discriminator(_kind),
]
