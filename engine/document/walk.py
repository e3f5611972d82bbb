"""Turn YAML into data, bounded; the only importer of PyYAML.

A file may come from a pull request, so nothing in it may cost more than its
size: libyaml's own composer overflows the C stack on 30,000 nested brackets,
and aliases multiply. Events are therefore turned into data here, in one pass
that stops at a fixed depth, knows no aliases and finds duplicate keys.
"""

from collections.abc import Callable
from typing import Any, cast

import yaml
from yaml.error import Mark, MarkedYAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from engine.document.mistake import DEEPEST, Mistake, NotYaml
from engine.document.place import START, Path, Place, Position
from engine.document.scalars import resolve

PropertiesEvent = ScalarEvent | MappingStartEvent | SequenceStartEvent


class _Stop(Exception):
    """The rest of the file is not looked at."""


def walk(source: bytes, mistakes: list[Mistake], places: dict[Path, Place] | None = None) -> Any:
    """Return the data of a UTF-8 text; what is not allowed is added to `mistakes`.

    With `places`, it is noted there where each node is. Raises NotYaml.
    """
    try:
        next_event = cast("Callable[[], Event]", yaml.CSafeLoader(source).get_event)
        return _Walk(next_event, mistakes, places).document()
    except MarkedYAMLError as error:
        raise _not_yaml(error) from None
    except yaml.YAMLError as error:
        raise NotYaml(" ".join(str(error).split()), START, START) from None
    except _Stop:
        return None


def _not_yaml(error: MarkedYAMLError) -> NotYaml:
    said = ", ".join(part for part in (error.context, error.problem) if part)
    position = _position(error.problem_mark or error.context_mark)
    return NotYaml(said, position, _position(error.context_mark or error.problem_mark))


def _position(mark: Any) -> Position:
    known = cast("Mark | None", mark)
    return Position(known.line + 1, known.column + 1) if known else START


class _Walk:
    __slots__ = ("mistakes", "next", "places")

    def __init__(
        self,
        next_event: Callable[[], Event],
        mistakes: list[Mistake],
        places: dict[Path, Place] | None,
    ) -> None:
        self.next = next_event
        self.mistakes = mistakes
        self.places = places

    def document(self) -> Any:
        self.next()
        if type(self.next()) is StreamEndEvent:
            return None
        data = self.node(self.next(), 0, (), None)
        self.next()
        event = self.next()
        if type(event) is DocumentStartEvent:
            self.reject(event, "more_documents", "a second document begins; keep one per file")
        return data

    def node(self, event: Event, depth: int, path: Path, key: Position | None) -> Any:
        if type(event) is ScalarEvent:
            if event.tag is not None or event.anchor is not None:
                self.refuse_properties(event)
            text, plain = event.value, event.implicit[0]
            if self.places is not None:
                self.places[path] = Place(key, _position(event.start_mark), text, plain=plain)
            return resolve(text) if plain else text
        if self.places is not None:
            self.places[path] = Place(key, _position(event.start_mark), None, plain=False)
        return self.collection(event, depth, path)

    def collection(self, event: Event, depth: int, path: Path) -> Any:
        if type(event) is AliasEvent:
            self.reject(event, "alias", "aliases are not allowed; write the value out, or quote it")
            return None
        if depth >= DEEPEST:
            self.reject(event, "too_deep", f"nested more than {DEEPEST} deep")
            raise _Stop
        if type(event) is MappingStartEvent:
            if event.tag is not None or event.anchor is not None:
                self.refuse_properties(event)
            return self.mapping(depth + 1, path)
        self.refuse_properties(cast("SequenceStartEvent", event))
        return self.sequence(depth + 1, path)

    def mapping(self, depth: int, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        next_event, places = self.next, self.places
        while type(event := next_event()) is not MappingEndEvent:
            name = self.key(event, depth)
            if name is None or name in data:
                self.unused(event, name, depth, path)
            elif places is None:
                data[name] = self.node(next_event(), depth, path, None)
            else:
                where = (*path, name)
                data[name] = self.node(next_event(), depth, where, _position(event.start_mark))
        return data

    def key(self, event: Event, depth: int) -> str | None:
        """Return a key, or None for one that cannot be used."""
        if type(event) is not ScalarEvent:
            self.reject(event, "invalid_key", "a key must be text; remove the `?` or the brackets")
            self.node(event, depth, ("",), None)
            return None
        name = event.value
        if event.tag is not None or event.anchor is not None:
            self.refuse_properties(event)
        if not event.implicit[0] or isinstance(resolve(name), str):
            return name
        self.reject(event, "invalid_key", f"the key {name!r} is not text; put it in quotes")
        return None

    def unused(self, event: Event, name: str | None, depth: int, path: Path) -> None:
        """Pass the value of a key that cannot be used; its place is one nobody asks for."""
        if name is not None:
            message = f"key {name!r} is given twice; remove one of the two"
            self.reject(event, "duplicate_key", message)
        self.node(self.next(), depth, (*path, ""), None)

    def sequence(self, depth: int, path: Path) -> list[Any]:
        items: list[Any] = []
        next_event = self.next
        while type(event := next_event()) is not SequenceEndEvent:
            where = path if self.places is None else (*path, len(items))
            items.append(self.node(event, depth, where, None))
        return items

    def refuse_properties(self, event: PropertiesEvent) -> None:
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.reject(event, "tag", f"tags are not allowed; remove {tag!r}")
        if event.anchor is not None:
            self.reject(event, "alias", f"anchors are not allowed; remove '&{event.anchor}'")

    def reject(self, event: Event, code: str, message: str) -> None:
        self.mistakes.append(Mistake(_position(event.start_mark), code, message))
