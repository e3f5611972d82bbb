"""Keep a script as compact JSON and get the same script back, fast.

Ten thousand of them are read at a warm start, so what is default is left out,
decoding goes by one table, and equal parts are shared: most scripts have the
same limits, retention and environment.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from datetime import datetime, timedelta
from functools import lru_cache
from sys import intern
from typing import Any, cast

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
from engine.model.trigger import KINDS, AfterOutcome, CatchUp, Trigger

_MICROSECOND = timedelta(microseconds=1)
_KIND_KEY = "kind"
_CLASSES = {kind: trigger for trigger, kind in KINDS.items()}

_write_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
# json.loads looks at the ends of the text too, which takes as long as a trigger.
_read_json = json.JSONDecoder().raw_decode

Convert = Callable[[Any], Any]


def encode_script(script: Script) -> str:
    """Write a script as one line of JSON; `decode_script` gives an equal one."""
    return _write_json(_encode(script))


def decode_script(text: str) -> Script:
    """Read what `encode_script` wrote. Raises ValueError, TypeError or KeyError for other text."""
    values = _decode(_read_json(text)[0])
    if "limits" not in values:
        values["limits"] = _DEFAULT_LIMITS
    if "keep" not in values:
        values["keep"] = _DEFAULT_KEEP
    return Script(**values)


def _decode(values: dict[str, Any]) -> dict[str, Any]:
    for name, value in values.items():
        convert = _DECODERS.get(name)
        if convert is not None:
            values[name] = convert(value)
    return values


@lru_cache(maxsize=4096)
def _duration(microseconds: int) -> timedelta:
    return timedelta(microseconds=microseconds)


def _pairs(items: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple([(intern(name), value) for name, value in items])


@lru_cache(maxsize=4096)
def _environment(python: str | None, requirements: str) -> EnvironmentRequest:
    return EnvironmentRequest(python, requirements)


@lru_cache(maxsize=4096)
def _limits(*values: Any) -> Limits:
    timeout, memory, cpu, processes, output = values
    return Limits(
        timeout=None if timeout is None else _duration(timeout),
        memory=memory, cpu=cpu, processes=processes, output=output,
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _retry(attempts: int, delay: int, backoff: float, max_delay: int, *when: str) -> Retry:
    return Retry(
        attempts=attempts,
        delay=_duration(delay),
        backoff=backoff,
        max_delay=_duration(max_delay),
        when=tuple(RunStatus(status) for status in when),
    )


@lru_cache(maxsize=1024)
def _keep(runs: int, days: int) -> Keep:
    return Keep(runs=runs, days=days)


def _notify(value: list[list[str]]) -> Notify:
    return Notify(when=tuple(value[0]), to=tuple(value[1]))


def _trigger(values: dict[str, Any]) -> Trigger:
    return _CLASSES[values.pop(_KIND_KEY)](**_decode(values))


def _triggers(items: list[dict[str, Any]]) -> tuple[Trigger, ...]:
    return tuple([_trigger(item) for item in items])


_DECODERS: dict[str, Convert] = {
    "args": tuple,
    "env": _pairs,
    "triggers": _triggers,
    "environment": lambda value: _environment(*value),
    "limits": lambda value: _limits(*value),
    "retry": lambda value: _retry(*value),
    "keep": lambda value: _keep(*value),
    "notify": _notify,
    "overlap": Overlap,
    "source": Source,
    "sandbox": Sandbox,
    "success_exit_codes": tuple,
    "skip_exit_codes": tuple,
    "stop_grace": _duration,
    "expect_within": _duration,
    "jitter": _duration,
    "catch_up": CatchUp,
    "catch_up_window": _duration,
    "interval": _duration,
    "moment": datetime.fromisoformat,
    "when": AfterOutcome,
    "expression": intern,
    "timezone": intern,
}
"""By the name of the field; a field that is not here is JSON as it is."""


def _encode(part: Script | Trigger) -> dict[str, Any]:
    encoded: dict[str, Any] = {}
    for name, default in _FIELDS[type(part)]:
        value = getattr(part, name)
        if value is not default and value != default:
            # Text, numbers, and tuples of them are JSON as they are.
            encode = _ENCODERS.get(cast("type[Any]", type(value)))
            encoded[name] = value if encode is None else encode(value)
    if "triggers" in encoded:
        encoded["triggers"] = [_encode_trigger(trigger) for trigger in encoded["triggers"]]
    return encoded


def _encode_trigger(trigger: Trigger) -> dict[str, Any]:
    return {_KIND_KEY: KINDS[type(trigger)], **_encode(trigger)}


def _encode_value(value: Any) -> Any:
    encode = _ENCODERS.get(cast("type[Any]", type(value)))
    return value if encode is None else encode(value)


def _all_fields(part: Any) -> list[Any]:
    return [_encode_value(getattr(part, field.name)) for field in fields(part)]


# Most scripts share a few of them.
_shared_fields = lru_cache(maxsize=1024)(_all_fields)


def _encode_retry(retry: Retry) -> list[Any]:
    *numbers, when = _all_fields(retry)
    return [*numbers, *when]


_ENCODERS: Mapping[type[Any], Convert] = {
    timedelta: lambda value: value // _MICROSECOND,
    datetime: datetime.isoformat,
    EnvironmentRequest: _shared_fields,
    Limits: _shared_fields,
    Keep: _shared_fields,
    Notify: _all_fields,
    Retry: _encode_retry,
}


def _default(field: "Field[Any]") -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


_DEFAULT_LIMITS, _DEFAULT_KEEP = Limits(), Keep()
_FIELDS = {
    part: tuple((field.name, _default(field)) for field in fields(part))
    for part in (Script, *KINDS)
}
