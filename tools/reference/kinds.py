"""Say in words what values a JSON Schema takes."""

from collections.abc import Mapping
from typing import Any, cast

from schemas.quantities import DURATION_PATTERN, SIZE_PATTERN

Schema = Mapping[str, Any]

_PLAIN = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "mapping",
}


def kind(schema: Schema) -> str:
    """Return such as `duration`, `list of text`, `` `skip` or `queue` ``."""
    for key, words in _FORMS.items():
        if key in schema:
            return words(schema)
    return _of_type(schema)


def nullable(schema: Schema) -> bool:
    return {"type": "null"} in schema.get("anyOf", ())


def _alternatives(schema: Schema) -> str:
    patterns = [one.get("pattern") for one in schema["anyOf"]]
    if DURATION_PATTERN in patterns:
        return "duration"
    if SIZE_PATTERN in patterns:
        return "size"
    words = [kind(one) for one in schema["anyOf"] if one.get("type") != "null"]
    return " or ".join(dict.fromkeys(words))


def _choice(schema: Schema) -> str:
    return " or ".join(f"`{value}`" for value in schema["enum"])


def _constant(schema: Schema) -> str:
    value = schema["const"]
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def link(reference: str) -> str:
    """Return a link to the chapter of a shape on the same page."""
    name = reference.rpartition("/")[2]
    return f"[{name}](#{name.lower()})"


def _reference(schema: Schema) -> str:
    return link(schema["$ref"])


def _one_of(_: Schema) -> str:
    return "mappings"


_FORMS = {
    "$ref": _reference,
    "oneOf": _one_of,
    "anyOf": _alternatives,
    "enum": _choice,
    "const": _constant,
}


def _of_type(schema: Schema) -> str:
    name = schema.get("type", "any")
    if isinstance(name, list):
        return " or ".join(_PLAIN[one] for one in cast("list[str]", name))
    if name == "array":
        return f"list of {kind(schema.get('items', {}))}"
    if name == "string" and schema.get("format") == "date-time":
        return "time"
    return _PLAIN.get(name, "any") + _bounds(schema)


def _bounds(schema: Schema) -> str:
    low = schema.get("minimum")
    high = schema.get("maximum")
    if low is not None and high is not None:
        return f", {low} to {high}"
    if low is not None:
        return f", at least {low}"
    more = schema.get("exclusiveMinimum")
    return f", more than {more}" if more is not None else ""
