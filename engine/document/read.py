"""Read a YAML file from somebody else's hands: bounded, with positions.

Positions are wanted for mistakes only and are the larger part of the cost, so
they are collected by a second pass over the text when the first one is asked for.
"""

from dataclasses import dataclass, field
from typing import Any, cast

from engine.document.mistake import DEEPEST, Mistake, NotYaml
from engine.document.place import START, Path, Place, Position, inside, position_at
from engine.document.syntax import explain_syntax, forbidden_character
from engine.model.tree import Problem

LARGEST = 64 * 1024


@dataclass(slots=True)
class Document:
    """The content of one YAML file whose top is a mapping."""

    path: str
    source: bytes
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    problems: list[Problem] = field(default_factory=list[Problem])
    """Mistakes of form; the data holds what could be read all the same."""
    _places: dict[Path, Place] | None = None

    def place(self, path: Path) -> Place:
        """Return where a node is; for a path that is not written, where its parent is."""
        if self._places is None:
            from engine.document.walk import walk

            self._places = {}
            walk(self.source, [], self._places)
        while path and path not in self._places:
            path = path[:-1]
        return self._places.get(path) or Place(None, START, None, plain=False)

    def problem(self, code: str, message: str, path: Path = (), *, at_key: bool = False) -> Problem:
        """Make an error at a node's value, or at its key."""
        place = self.place(path)
        return self.problem_at((at_key and place.key) or place.value, code, message)

    def problem_at(self, position: Position, code: str, message: str) -> Problem:
        """Make an error at a position; its message is put on one line."""
        return Problem(
            path=self.path,
            line=position.line,
            column=position.column,
            code=code,
            message=" ".join(message.split()),
        )


def read(path: str, source: bytes) -> Document:
    """Read a file; `path` is for messages. Never raises: mistakes are in `problems`.

    An empty file is an empty mapping.
    """
    from engine.document.walk import walk

    document = Document(path, source)
    refused = _refuse(source)
    if refused:
        return _unreadable(document, refused)
    mistakes: list[Mistake] = []
    try:
        data = walk(source, mistakes)
    except NotYaml as error:
        return _unreadable(document, *mistakes, _syntax(error, source.decode()))
    document.problems.extend(document.problem_at(*mistake) for mistake in mistakes)
    if isinstance(data, dict):
        document.data = cast("dict[str, Any]", data)
    elif data is not None:
        message = "the file must be a mapping: lines of the form `key: value`"
        document.problems.append(document.problem("invalid_value", message))
    return document


def _unreadable(document: Document, *mistakes: Mistake) -> Document:
    problems = [document.problem_at(*mistake) for mistake in mistakes]
    return Document(document.path, b"", problems=problems)


def _refuse(source: bytes) -> Mistake | None:
    if len(source) > LARGEST:
        message = f"the file has more than {LARGEST} bytes; make it smaller"
        return Mistake(START, "too_large", message)
    try:
        source.decode()
    except UnicodeDecodeError as error:
        before = source[: error.start].decode()
        message = (
            f"byte 0x{source[error.start]:02x} is not UTF-8; save the file with the encoding UTF-8"
        )
        return Mistake(position_at(before, len(before)), "not_utf8", message)
    return None


def _syntax(error: NotYaml, text: str) -> Mistake:
    offset = forbidden_character(text)
    if offset is not None:
        message = f"character {text[offset]!a} is not allowed in YAML; remove it"
        return Mistake(position_at(text, offset), "not_text", message)
    if "nesting depth" in error.said:
        return Mistake(error.begin, "too_deep", f"nested more than {DEEPEST} deep")
    position, message = explain_syntax(error, text)
    return Mistake(inside(text, position), "yaml_syntax", message)
