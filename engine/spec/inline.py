"""Read PEP 723 inline metadata: what a script without requirements.txt says it needs.

The block is found by the reference expression of the PEP.
"""

import re
import tomllib
from dataclasses import dataclass
from typing import Any, cast

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from engine.document.mistake import Mistake
from engine.document.place import START, Position, position_at
from engine.spec.requirements import MOST

_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
_OPENING = re.compile(r"(?m)^# /// script[ \t]*$")
_TOML_PLACE = re.compile(r" ?\(at (?:line (\d+), column (\d+)|end of document)\)$")
_MARGIN = len("# ")


@dataclass(frozen=True, slots=True)
class InlineMetadata:
    dependencies: tuple[str, ...] = ()
    requires_python: str | None = None
    position: Position = START
    """Of the block's first line."""


def read_inline_metadata(source: bytes) -> InlineMetadata | Mistake | None:
    """Return the metadata of a Python file, None without any, or what is wrong with it."""
    if b"# /// script" not in source:
        return None
    text = source.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    blocks = [match for match in _BLOCK.finditer(text) if match["type"] == "script"]
    if not blocks:
        opening = _OPENING.search(text)
        if opening is None:
            return None
        message = "the block `# /// script` is not closed; end it with a line `# ///`"
        return _mistake(position_at(text, opening.start()), message)
    start = position_at(text, blocks[0].start())
    if len(blocks) > 1:
        message = "a second block `# /// script` begins; keep one"
        return _mistake(position_at(text, blocks[1].start()), message)
    lines = blocks[0]["content"].splitlines()
    return _read_toml("\n".join(line[_MARGIN:] for line in lines), start)


def _read_toml(text: str, start: Position) -> InlineMetadata | Mistake:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        reason = _TOML_PLACE.sub("", str(error))
        position = _toml_position(place, text, start)
        return _mistake(position, f"the inline metadata is not valid TOML: {reason}")
    dependencies: Any = data.get("dependencies", [])
    if not _is_list_of_texts(dependencies):
        position = _position_of("dependencies", text, start)
        return _mistake(position, 'dependencies must be a list of texts, such as ["requests"]')
    if len(dependencies) > MOST:
        position = _position_of("dependencies", text, start)
        return _mistake(position, f"dependencies: at most {MOST} are read")
    requires: Any = data.get("requires-python")
    if requires is not None and not _is_specifier(requires):
        position = _position_of("requires-python", text, start)
        return _mistake(position, f"requires-python: {requires!r} is not like '>=3.10'")
    return InlineMetadata(tuple(dependencies), requires, start)


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, str) for item in cast("list[Any]", value)
    )


def _is_specifier(value: Any) -> bool:
    try:
        SpecifierSet(value)
    except (InvalidSpecifier, TypeError, AttributeError):
        return False
    return isinstance(value, str)


def _toml_position(place: re.Match[str] | None, text: str, start: Position) -> Position:
    if place and place[1]:
        return Position(start.line + int(place[1]), int(place[2]) + _MARGIN)
    return Position(start.line + text.count("\n") + 1, 1)


def _position_of(key: str, text: str, start: Position) -> Position:
    match = re.search(rf"(?m)^\s*[\"']?{key}", text)
    at = position_at(text, match.start()) if match else Position(0, 1)
    return Position(start.line + at.line, at.column + _MARGIN) if match else start


def _mistake(position: Position, message: str) -> Mistake:
    return Mistake(position, "inline_metadata", message)
