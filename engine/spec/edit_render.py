"""Write values as YAML, in the manner of the text around them; the only door to ruamel.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Any, cast

from engine.document.scalars import BOOLEANS_OF_YAML_1_1

_WIDTH = 1 << 20
"""Columns; no line is broken that the one who sent a value did not break."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a file is indented."""

    step: int = 2
    """Of a mapping inside a mapping."""
    dash: int = 2
    """Of the dashes of a list below their key."""


def value_after_key(value: Any, manner: Manner, style: str) -> str:
    """Return what follows `key:` where the key is in column 0: a space or a break comes first.

    `style` is the quotes of the scalar before, which a text keeps where it can.
    """
    return _written({"k": value}, manner, style, flow=False).removeprefix("k:")


def value_after_dash(value: Any, manner: Manner, style: str) -> str:
    """Return what follows `- ` where the value begins in column 0."""
    lines = _written([value], manner, style, flow=False).split("\n")
    inner = manner.dash + 2
    return "\n".join(line[inner:] for line in lines)


def value_inside(value: Any, style: str = "") -> str:
    """Return a value as it stands among others in brackets, on one line."""
    # Not in a list, where a mapping of one key needs no braces.
    return _written({"k": value}, Manner(), style, flow=True).removeprefix("{k: ")[:-1]


def key_inside(name: str) -> str:
    """Return a key as it stands before its colon."""
    return _written({name: 0}, Manner(), "", flow=False).removesuffix(": 0")


def _written(value: Any, manner: Manner, style: str, *, flow: bool) -> str:
    # Not before it is wanted: it takes 60 ms and memory that an idle server need not have.
    from ruamel.yaml import YAML

    yaml: Any = YAML(typ="rt")
    yaml.width = _WIDTH
    yaml.allow_unicode = True
    yaml.representer.add_representer(type(None), _null)
    yaml.indent(mapping=manner.step, sequence=manner.dash + 2, offset=manner.dash)
    stream = StringIO()
    yaml.dump(_dressed(value, style, flow=flow), stream)
    return stream.getvalue().rstrip("\n")


def _null(representer: Any, _value: None) -> Any:
    # An empty place would be right as well, and look like something forgotten.
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def _dressed(value: Any, style: str, *, flow: bool) -> Any:
    """Return a value as ruamel takes it, with the manner in which to write it."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(value, str):
        return _text(value, style, flow=flow)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value).items()
        found: Any = CommentedMap(
            (_text(key, "", flow=True), _dressed(each, style, flow=flow)) for key, each in pairs
        )
    elif isinstance(value, list):
        items = cast("list[Any]", value)
        found = CommentedSeq(_dressed(each, style, flow=flow) for each in items)
    else:
        return value
    if flow or not found:
        found.fa.set_flow_style()
    return found


def _text(value: str, style: str, *, flow: bool) -> str:
    from ruamel.yaml.scalarstring import (
        DoubleQuotedScalarString,
        LiteralScalarString,
        SingleQuotedScalarString,
    )

    if "\n" in value and style != '"' and not flow and _is_literal(value):
        return LiteralScalarString(value)
    # Readers of YAML 1.1 take some words for more than text.
    if style == '"' or value.lower() in BOOLEANS_OF_YAML_1_1 or not value.isprintable():
        return DoubleQuotedScalarString(value)
    return SingleQuotedScalarString(value) if style == "'" else value


def _is_literal(value: str) -> bool:
    """Say whether a text of several lines can be written line by line."""
    return not value[0].isspace() and all(
        line == line.rstrip() and line.isprintable() for line in value.split("\n")
    )
