"""A file of the tree as those see it who edit it from afar."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Final

from engine.errors import InvalidInput
from engine.model.tree import Problem

ANY: Final = "*"
"""In a precondition: whatever version there is."""

_TAG = re.compile(r'\s*(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"\s*')
"""An entity tag (RFC 9110 §8.8.3)."""


def etag_of(content: bytes) -> str:
    """Return the strong entity tag of a content, its quotes included."""
    return f'"{blake2b(content, digest_size=16).hexdigest()}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInfo:
    path: str
    """From the script's directory, with forward slashes."""
    size: int
    modified: datetime
    etag: str | None
    """None of a file that is too large to be read through the API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    info: FileInfo
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FileList:
    items: Sequence[FileInfo]
    complete: bool
    """False when there are more files than are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What became of an edit."""

    problems: tuple[Problem, ...] = ()
    """Of the script, or folder, after the edit was looked at."""
    created: bool = False
    commit: str | None = None
    """The commit that holds the edit; None while it is in the work tree alone."""
    etag: str | None = None
    """Of the manifest that was edited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedFile:
    info: FileInfo
    result: Edited


@dataclass(frozen=True, slots=True)
class Precondition:
    """Which version of a file an edit is meant for (RFC 9110 §13.1)."""

    match: tuple[str, ...] | None = None
    """Entity tags of which one must be the file's, or ANY; None for no matter which."""
    none_match: tuple[str, ...] | None = None
    """Entity tags of which none may be the file's; ANY when there may be no file."""

    def allows(self, current: str | None) -> bool:
        """Say whether the edit may be made; None is a file that is not there."""
        if self.match is not None and current not in self.match:
            return current is not None and ANY in self.match
        if self.none_match is None or current is None:
            return True
        return ANY not in self.none_match and current not in self.none_match


ALWAYS = Precondition()


def entity_tags(header: str | None) -> tuple[str, ...] | None:
    """Read an `If-Match` or `If-None-Match` header. Raises InvalidInput.

    One that could not be read must not count as none: the edit would be made in any case.
    """
    if header is None:
        return None
    if header.strip() == ANY:
        return (ANY,)
    tags = header.split(",")
    if not all(map(_TAG.fullmatch, tags)):
        raise InvalidInput(
            f"{header!r} names no version: write * or an ETag with its quotes, as it was given"
        )
    return tuple(tag.strip() for tag in tags)
