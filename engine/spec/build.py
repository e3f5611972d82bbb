"""Build a script from its settled values; parts that many scripts share are shared."""

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

from engine.model.environment import EnvironmentRequest
from engine.model.run import RunStatus
from engine.model.script import (
    Keep,
    Limits,
    Notify,
    Overlap,
    Retry,
    Sandbox,
    Script,
    Source,
)
from engine.model.trigger import Trigger
from engine.spec.files import ScriptFiles
from engine.spec.triggers import environment
from schemas.manifest import NotifyFields, RetryFields
from schemas.settings import DefaultSettings

UNBOUNDED_PARALLEL = 1000
"""`overlap: parallel` without `max_parallel`: `runs.max_concurrent` is the bound."""

_AS_THEY_ARE = (
    "description", "enabled", "queue_limit", "group", "merge_output", "stop_grace", "queue",
    "expect_within",
)  # fmt: skip
_TUPLES = ("args", "success_exit_codes", "skip_exit_codes")
_limits = lru_cache(maxsize=1024)(Limits)
_keep = lru_cache(maxsize=1024)(Keep)
_retry = lru_cache(maxsize=1024)(Retry)
_notify = lru_cache(maxsize=1024)(Notify)


def build_script(
    files: ScriptFiles,
    main: str,
    request: EnvironmentRequest,
    triggers: tuple[Trigger, ...],
    values: Mapping[str, Any],
    defaults: DefaultSettings,
) -> Script:
    """Return the script; `values` are valid, and free of contradictions."""
    overlap = Overlap(values.get("overlap", "skip"))
    given: dict[str, Any] = {key: values[key] for key in _AS_THEY_ARE if key in values}
    given |= {key: tuple(values[key]) for key in _TUPLES if key in values}
    return Script(
        id=files.id,
        name=values.get("name") or title(files.directory_name),
        main=main,
        environment=request,
        env=environment(values.get("env")),
        triggers=triggers,
        limits=_build_limits(said_in(values, "limits"), defaults),
        overlap=overlap,
        max_parallel=_max_parallel(values.get("max_parallel"), overlap),
        retry=_build_retry(values.get("retry")),
        source=Source(values.get("source", "live")),
        sandbox=Sandbox(values.get("sandbox", "none")),
        notify=_build_notify(values.get("notify"), expects=given.get("expect_within") is not None),
        keep=_keep(**said_in(values, "keep")),
        **given,
    )


def title(directory_name: str) -> str:
    """Return the display name of a directory: `weather-api` gives `Weather Api`."""
    return directory_name.replace("-", " ").replace("_", " ").title()


def said_in(values: Mapping[str, Any], section: str) -> dict[str, Any]:
    """Return what is said in a section, nothing when it is null or missing."""
    return values.get(section) or {}


def _build_limits(said: Mapping[str, Any], defaults: DefaultSettings) -> Limits:
    inherited = {
        "timeout": defaults.timeout,
        "memory": defaults.memory,
        "output": defaults.output,
    }
    return _limits(**{**inherited, **said})


def _max_parallel(said: int | None, overlap: Overlap) -> int:
    if overlap is not Overlap.PARALLEL:
        return 1
    return UNBOUNDED_PARALLEL if said is None else said


def _build_retry(said: Mapping[str, Any] | None) -> Retry | None:
    if said is None:
        return None
    values = {**_RETRY_DEFAULTS, **said}
    # A longer delay than the default bound was asked for; the bound follows it.
    longest: timedelta = max(values["max_delay"], values["delay"])
    when = tuple(RunStatus(status) for status in values["when"])
    return _retry(**{**values, "max_delay": longest, "when": when})


def _build_notify(said: Mapping[str, Any] | None, *, expects: bool) -> Notify | None:
    if said is None:
        return None
    when = said.get("when")
    if when is None:
        # Whoever says when a success is expected wants to hear when there is none.
        when = [*_NOTIFY_DEFAULTS["when"], *(["missed"] if expects else [])]
    return _notify(when=tuple(when), to=tuple(said["to"]))


_RETRY_DEFAULTS = RetryFields().__dict__
_NOTIFY_DEFAULTS = NotifyFields().__dict__
