"""Where each part of a YAML text begins and ends, for whoever changes the text itself.

To be asked about text that `read` has found no fault with: depth, keys and properties
are not looked at again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import yaml
from yaml.error import Mark
from yaml.events import (
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)


@dataclass(slots=True)
class Node:
    """One value; offsets are in characters of the text."""

    start: int
    end: int
    """After its last character; comments and breaks behind it do not count."""
    column: int
    """Of its start, counted from 0."""


@dataclass(slots=True)
class Scalar(Node):
    style: str
    """One of `'`, `"`, `|`, `>`; empty without quotes."""


@dataclass(slots=True)
class Pair:
    key: Scalar
    name: str
    value: Node


@dataclass(slots=True)
class Mapping(Node):
    flow: bool
    """It is written in braces."""
    pairs: list[Pair] = field(default_factory=list[Pair])

    def pair(self, name: str) -> Pair | None:
        return next((pair for pair in self.pairs if pair.name == name), None)


@dataclass(slots=True)
class Sequence(Node):
    flow: bool
    """It is written in brackets."""
    items: list[Node] = field(default_factory=list[Node])


def compose(text: str) -> Node | None:
    """Return the only document of a text; None when it holds nothing.

    The text has no byte order mark, which the reader would not count.
    """
    composer = _Composer(text)
    composer.next()
    if isinstance(composer.next(), StreamEndEvent):
        return None
    node = composer.node(composer.next())
    is_nothing = isinstance(node, Scalar) and node.start == node.end
    return None if is_nothing else node


class _Composer:
    def __init__(self, text: str) -> None:
        self._text = text
        self.next = cast("Callable[[], Event]", yaml.CSafeLoader(text).get_event)

    def node(self, event: Event) -> Node:
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        if isinstance(event, MappingStartEvent):
            return self._mapping(event)
        return self._sequence(cast("SequenceStartEvent", event))

    def _scalar(self, event: ScalarEvent) -> Scalar:
        start, end = _mark(event.start_mark), _mark(event.end_mark)
        # What `|` and `>` begin ends with the next thing, empty lines included, which count
        # as text where the first line has a `+`.
        text = self._text[start.index : end.index]
        is_kept = event.style in ("|", ">") and "+" in text.split("\n", 1)[0].partition("#")[0]
        text = text.removesuffix("\n").removesuffix("\r") if is_kept else text.rstrip()
        return Scalar(start.index, start.index + len(text), start.column, event.style or "")

    def _mapping(self, event: MappingStartEvent) -> Mapping:
        mark = _mark(event.start_mark)
        found = Mapping(mark.index, mark.index, mark.column, flow=bool(event.flow_style))
        while not isinstance(inner := self.next(), MappingEndEvent):
            key = cast("ScalarEvent", inner)
            found.pairs.append(Pair(self._scalar(key), key.value, self.node(self.next())))
        found.end = _end(found, inner, [pair.value for pair in found.pairs])
        return found

    def _sequence(self, event: SequenceStartEvent) -> Sequence:
        mark = _mark(event.start_mark)
        found = Sequence(mark.index, mark.index, mark.column, flow=bool(event.flow_style))
        while not isinstance(inner := self.next(), SequenceEndEvent):
            found.items.append(self.node(inner))
        found.end = _end(found, inner, found.items)
        return found


def _end(node: Mapping | Sequence, event: Event, children: list[Node]) -> int:
    # A collection without brackets ends for the reader where the next thing begins.
    return _mark(event.end_mark).index if node.flow or not children else children[-1].end


def _mark(mark: object) -> Mark:
    # The reader in C has marks of a class of its own, with the same fields; none is missing.
    return cast("Mark", mark)
