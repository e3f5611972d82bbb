"""The kinds of values that manifests and settings are made of.

Each kind says how it is checked, how it is written back, and what JSON Schema
shows for it, so that an editor accepts exactly the forms the program accepts.
Reasons for a refusal are whole clauses for the user: what is wrong, how to mend it.
"""

import re
from datetime import timedelta
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError, PydanticKnownError

from schemas.quantities import (
    DURATION_PATTERN,
    SIZE_PATTERN,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)

STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)
"""YAML's types are taken at their word, and no key is ignored."""

ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
OLDEST_PYTHON = (3, 8)
_PYTHON = re.compile(r"([0-9]{1,2})\.([0-9]{1,3})(\.[0-9]{1,3})?\Z")
_WHOLE_YEAR_MOMENT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?)?$"
)


def refusal(reason: str, code: str = "invalid_value") -> PydanticCustomError:
    """Make the error for a value that cannot be used; `code` is for machines and stable."""
    return PydanticCustomError(code, "{reason}", {"reason": reason})  # type: ignore[arg-type]


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise refusal("must be a duration such as 90 (seconds), 30s, 5m, 1h30m or 2d")
    try:
        return _read_duration(value)
    except ValueError as error:
        raise refusal(str(error)) from None


# Ten thousand manifests write the same few durations.
_read_duration = lru_cache(maxsize=1024)(parse_duration)


def _positive(value: timedelta) -> timedelta:
    if not value:
        raise refusal("must be longer than 0s")
    return value


def _at_least_a_second(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        raise refusal("must be at least 1s")
    return value


def _size(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise refusal("must be a size such as 512MB or 1GiB")
    try:
        size = parse_size(value)
    except ValueError as error:
        raise refusal(str(error)) from None
    if not size:
        raise refusal("must be more than 0 bytes")
    return size


def _argument(value: Any) -> str:
    # A whole number is passed on as it was written: the reader only takes the
    # canonical form (no leading zero, no underscore) for a number.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    if "\0" in value:
        raise refusal("must not contain a NUL character: no program can be given one")
    return value


def _text(value: str) -> str:
    if not value.strip():
        raise refusal("must not be empty")
    if not value.isprintable():
        raise refusal("must be one line without control characters")
    return value


def _paragraph(value: str) -> str:
    if "\0" in value:
        raise refusal("must not contain a NUL character")
    return value


def _env_name(name: str) -> str:
    if not ENV_NAME.match(name):
        raise refusal(
            f"{name!r} cannot be the name of an environment variable; "
            "use letters, digits and '_', not beginning with a digit"
        )
    if name.startswith("PYSCHED_"):
        raise refusal(f"{name!r} cannot be set: names beginning with PYSCHED_ are given by pysched")
    return name


def _python(version: str) -> str:
    match = _PYTHON.match(version)
    if match is None:
        raise refusal(f"{version!r} is not a Python version; write it like '3.12' or '3.12.4'")
    if (int(match[1]), int(match[2])) < OLDEST_PYTHON or match[1] != "3":
        raise refusal(f"Python {version} is not supported; use '3.8' or newer")
    return version


@lru_cache(maxsize=1024)
def _zone_exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _timezone(name: str) -> str:
    if _zone_exists(name):
        return name
    raise refusal(f"unknown time zone {name!r}{_zone_hint(name)}", "unknown_timezone")


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


@lru_cache(maxsize=256)
def _zone_hint(name: str) -> str:
    zones = _zones()
    by_lower = {zone.lower(): zone for zone in zones}
    by_city = {zone.rsplit("/", 1)[-1].lower(): zone for zone in reversed(zones)}
    wanted = name.strip().lower().replace(" ", "_")
    exact = by_lower.get(wanted) or by_city.get(wanted)
    close = get_close_matches(wanted, by_lower, n=1) or get_close_matches(wanted, by_city, n=1)
    found = exact or next((by_lower.get(match) or by_city[match] for match in close), None)
    return f" (did you mean '{found}'?)" if found else "; use an IANA name such as 'Europe/Berlin'"


def _network(text: str) -> str:
    # Imported when one is written, which is seldom.
    from ipaddress import ip_network

    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        raise refusal(
            f"{text!r} is neither an IP address nor a network such as 10.0.0.0/8"
        ) from None


def _relative_path(path: str) -> str:
    parts = path.split("/")
    if path.startswith(("/", "~")) or "\\" in path or ".." in parts:
        raise refusal(f"{path!r} must stay below the script's directory; write it with '/'")
    if "" in parts or "." in parts:
        raise refusal(f"{path!r} must be written without empty parts and without './'")
    return path


def _web_address(value: str) -> str:
    if not _is_web_address(value):
        raise refusal(f"{value!r} is no web address; write it like 'https://pysched.example.com'")
    return value.rstrip("/")


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        known = bool(parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0)
    except ValueError:
        return False
    return known and not (parts.username or parts.query or parts.fragment)


def _path(value: Any) -> Any:
    return Path(value) if isinstance(value, str) and value and "\0" not in value else value


_DURATION_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "pattern": DURATION_PATTERN},
        {"type": "number", "minimum": 0, "description": "seconds"},
    ],
    "examples": ["30s", "5m", "1h30m", "2d"],
}
_SIZE_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "pattern": SIZE_PATTERN},
        {"type": "integer", "minimum": 1, "description": "bytes"},
    ],
    "examples": ["512MB", "1GiB"],
}

Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(_DURATION_SCHEMA),
]
PositiveDuration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    AfterValidator(_positive),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(_DURATION_SCHEMA),
]
Interval = Annotated[
    timedelta,
    BeforeValidator(_duration),
    AfterValidator(_at_least_a_second),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(_DURATION_SCHEMA),
]
Size = Annotated[
    int,
    BeforeValidator(_size),
    PlainSerializer(format_size, return_type=str),
    WithJsonSchema(_SIZE_SCHEMA),
]
Argument = Annotated[
    str, BeforeValidator(_argument), WithJsonSchema({"type": ["string", "integer"]})
]
Text = Annotated[str, AfterValidator(_text), WithJsonSchema({"type": "string", "minLength": 1})]
Event = Literal["success", "failure", "recovery", "missed", "long_running"]
"""What people can be told of."""
Paragraph = Annotated[str, AfterValidator(_paragraph)]
EnvName = Annotated[str, AfterValidator(_env_name)]
PythonVersion = Annotated[
    str,
    AfterValidator(_python),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^3\.([89]|[1-9][0-9]{1,2})(\.[0-9]{1,3})?$",
            "examples": ["3.12"],
        }
    ),
]
TimeZone = Annotated[
    str,
    AfterValidator(_timezone),
    WithJsonSchema({"type": "string", "examples": ["UTC", "Europe/Berlin"]}),
]
Network = Annotated[str, AfterValidator(_network), WithJsonSchema({"type": "string"})]
RelativePath = Annotated[
    str, AfterValidator(_text), AfterValidator(_relative_path), WithJsonSchema({"type": "string"})
]
MomentText = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": _WHOLE_YEAR_MOMENT,
            "examples": ["2027-01-31T09:00:00", "2027-01-31T09:00:00+01:00"],
        }
    ),
]
MOMENT_PATTERN = re.compile(_WHOLE_YEAR_MOMENT)
WebAddress = Annotated[
    str,
    AfterValidator(_text),
    AfterValidator(_web_address),
    WithJsonSchema(
        {"type": "string", "pattern": "^https?://", "examples": ["https://pysched.example.com"]}
    ),
]
FilePath = Annotated[Path, BeforeValidator(_path), WithJsonSchema({"type": "string"})]
