"""Turn what a model refuses into mistakes at their places, with the mend.

Models say which rule a value breaks; here that becomes one line for the person
who wrote the file. Every mistake of a file is told at once, up to a number
nobody reads beyond.
"""

from collections.abc import Collection, Mapping
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from engine.document.place import Path
from engine.document.read import Document
from engine.document.reasons import reason_of, suggestion
from engine.model.tree import Problem

MOST = 50
"""Mistakes told of one file."""

Keys = Mapping[tuple[str, ...], Collection[str]]
"""The keys that are known, by the keys above them; list indexes are left out."""

_VARIANT_AT = 2
_TOLD_ELSEWHERE = frozenset({"union_tag_not_found", "union_tag_invalid"})
"""What variant was meant is for those to say who know the variants."""


def explain(error: ValidationError, document: Document, keys: Keys) -> list[Problem]:
    """Return a mistake for each thing the model refused in the document's data."""
    details = error.errors(include_url=False, include_input=True)
    return [
        _problem(detail, document, keys)
        for detail in details[:MOST]
        if detail["type"] not in _TOLD_ELSEWHERE
    ]


def written_path(location: tuple[int | str, ...], data: Any) -> Path:
    """Return the part of a model's location that is in the data, without names of variants."""
    path: list[str | int] = []
    for part in _without_variant(location):
        if not _has(data, part):
            break
        path.append(part)
        data = data[part]
    return tuple(path)


def _without_variant(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    # In the items of `triggers` the model puts the kind before the key, even
    # when it is the key itself: ("triggers", 0, "cron", "cron").
    if len(location) > _VARIANT_AT and location[0] == "triggers":
        return location[:_VARIANT_AT] + location[_VARIANT_AT + 1 :]
    return location


def _has(data: Any, part: int | str) -> bool:
    if isinstance(data, list):
        return isinstance(part, int) and part < len(cast("list[Any]", data))
    return isinstance(data, dict) and part in data


def _problem(detail: ErrorDetails, document: Document, keys: Keys) -> Problem:
    location = detail["loc"]
    if detail["type"] == "extra_forbidden":
        return _unknown_key(location, document, keys)
    at_key = location[-1:] == ("[key]",)
    path = written_path(location, document.data)
    name = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
    if detail["type"] == "missing":
        message = f"key {location[-1]!r} is missing{f' in {name!r}' if name else ''}"
        return document.problem("missing_key", message, path)
    code, reason = reason_of(detail, document.place(path))
    message = f"{name}: {reason}" if name and not at_key else reason
    return document.problem(code, message, path, at_key=at_key)


def _unknown_key(location: tuple[int | str, ...], document: Document, keys: Keys) -> Problem:
    above = tuple(str(part) for part in location[:-1] if not isinstance(part, int))
    name = str(location[-1])
    hint = suggestion(name, keys.get(above, ())) or _belongs(name, above, keys)
    path = written_path(location, document.data)
    return document.problem("unknown_key", f"unknown key {name!r}{hint}", path, at_key=True)


def _belongs(name: str, above: tuple[str, ...], keys: Keys) -> str:
    """Point from the top of the file to the section that knows the key."""
    sections = [place[0] for place, names in keys.items() if place and name in names]
    return f" (it belongs under '{sections[0]}')" if sections and not above else ""
