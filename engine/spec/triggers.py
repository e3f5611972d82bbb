"""Build the triggers of a script from its manifest, and name them.

A trigger's key ties its ledger to it: renaming it, or changing what it says
when it has no name, makes it a new trigger that catches nothing up.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from engine.model.identity import ScriptId, TriggerKey
from engine.model.trigger import (
    AfterOutcome,
    AfterTrigger,
    AtTrigger,
    CatchUp,
    CronTrigger,
    EveryTrigger,
    FilesTrigger,
    StartupTrigger,
    Trigger,
    UrlTrigger,
)
from schemas.quantities import format_duration
from schemas.triggers import (
    AfterFields,
    AtFields,
    CronFields,
    EveryFields,
    FilesFields,
    StartupFields,
    TimedFields,
    TriggerFields,
    UrlFields,
)

CheckCron = Callable[[str, str], str | None]
"""Takes an expression and a time zone; returns why it cannot be used, or None."""


def environment(values: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Return variables as the model holds them, references and all."""
    return tuple(values.items()) if values else ()


def build_trigger(item: TriggerFields, default_zone: str) -> Trigger:
    """Return the trigger an item describes. Raises ValueError for a moment that cannot be read."""
    return _BUILDERS[type(item)](item, default_zone)


def _common(item: TriggerFields, key: str) -> dict[str, Any]:
    return {
        "key": TriggerKey(item.name or key),
        "enabled": item.enabled,
        "args": tuple(item.args),
        "env": environment(item.env),
    }


def _timed(item: TimedFields, key: str) -> dict[str, Any]:
    return {
        **_common(item, key),
        "jitter": item.jitter,
        "catch_up": CatchUp(item.catch_up),
        "catch_up_window": item.catch_up_window,
    }


def _cron(item: CronFields, default_zone: str) -> CronTrigger:
    expression = " ".join(item.cron.split())
    zone = f"@{item.timezone}" if item.timezone else ""
    return CronTrigger(
        expression=expression,
        timezone=item.timezone or default_zone,
        **_timed(item, f"cron:{expression}{zone}"),
    )


def _every(item: EveryFields, _zone: str) -> EveryTrigger:
    key = f"every:{format_duration(item.every)}"
    return EveryTrigger(interval=item.every, **_timed(item, key))


def _at(item: AtFields, default_zone: str) -> AtTrigger:
    moment = _moment(item.at, item.timezone, default_zone)
    return AtTrigger(moment=moment, **_timed(item, f"at:{moment.isoformat()}"))


def _moment(text: str, zone: str | None, default_zone: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return _with_offset(moment.replace(tzinfo=ZoneInfo(zone or default_zone)))
    if zone is not None:
        raise ValueError(f"{text!r} has an offset and a 'timezone'; remove one of the two")
    return _with_offset(moment)


def _with_offset(moment: datetime) -> datetime:
    """Return the same instant with a fixed offset, which can be stored and compared.

    The way through UTC moves a time that daylight saving skips to the one that the clock shows.
    """
    local = moment.astimezone(UTC).astimezone(moment.tzinfo)
    return local.replace(tzinfo=timezone(local.utcoffset() or timedelta()))


def _startup(item: StartupFields, _zone: str) -> StartupTrigger:
    return StartupTrigger(**_common(item, "startup"))


def _url(item: UrlFields, _zone: str) -> UrlTrigger:
    return UrlTrigger(token=item.url.token, **_common(item, "url"))


def _after(item: AfterFields, _zone: str) -> AfterTrigger:
    script, when = item.after.script.strip("/"), AfterOutcome(item.after.when)
    key = f"after:{script}" + ("" if when is AfterOutcome.SUCCESS else f":{when}")
    return AfterTrigger(script=ScriptId(script), when=when, **_common(item, key))


def _files(item: FilesFields, _zone: str) -> FilesTrigger:
    return FilesTrigger(pattern=item.files, **_common(item, f"files:{item.files}"))


_BUILDERS: dict[type[TriggerFields], Callable[[Any, str], Trigger]] = {
    CronFields: _cron,
    EveryFields: _every,
    AtFields: _at,
    StartupFields: _startup,
    UrlFields: _url,
    AfterFields: _after,
    FilesFields: _files,
}
