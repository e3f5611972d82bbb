"""Bring the index to what was recorded at some places, entry by entry of its bytes.

Read into objects and written back, the index of ten thousand scripts takes a second of
every edit. Its entries are in order and stand for themselves (gitformat-index(5)), so all
others are copied as they are. What git keeps behind them to be quick would be out of date,
and is left out; git makes it anew.
"""

import os
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha1
from typing import Final

from dulwich.file import GitFile
from dulwich.objects import ObjectID

from engine.errors import Unavailable

_HEADER: Final = struct.Struct(">4sLL")
_EXTENSION: Final = struct.Struct(">4sL")
_ENTRY: Final = struct.Struct(">10L20sH")
_SIGNATURE: Final = b"DIRC"
_LONG_NAME: Final = 0xFFF
_EXTENDED: Final = 0x4000
_WORD: Final = 0xFFFFFFFF
_HASH: Final = 20
_VERSION: Final = 2
"""Of an index that was not there before; 3 has more flags."""
_SHORTENED: Final = 4
"""The version in which a name begins with a part of the one before; it is written as 3."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A file or link as git holds it."""

    mode: int
    blob: ObjectID
    status: os.stat_result


Row = tuple[bytes, bytes]
"""A name, and the bytes of its entry."""


def stage(path: str, places: Collection[bytes], leaves: Mapping[bytes, Leaf]) -> None:
    """Have the index at `path` hold exactly the leaves at or below the places.

    A file in whose place there is a directory around leaves now goes: git takes not both.
    Raises dulwich's FileLocked while another git command has it, Unavailable for an index of
    a kind that is not known here, and OSError.
    """
    with GitFile(path, "wb") as file:
        file.write(_changed(_content(path), places, leaves))


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - dulwich names it so
            return file.read()
    except FileNotFoundError:
        return b""


def _changed(before: bytes, places: Collection[bytes], leaves: Mapping[bytes, Leaf]) -> bytes:
    version = _HEADER.unpack_from(before)[1] if before else _VERSION
    rows = _rows(before, is_short=version == _SHORTENED)
    for place in places:
        below = place + b"/"
        rows = [row for row in rows if row[0] != place and not row[0].startswith(below)]
    around = {above for name in leaves for above in _above(name)}
    rows = [row for row in rows if row[0] not in around]
    rows += [(name, _entry(name, leaf)) for name, leaf in leaves.items()]
    rows.sort(key=lambda row: row[0])
    header = _HEADER.pack(_SIGNATURE, min(version, _SHORTENED - 1), len(rows))
    body = b"".join((header, *(raw for _, raw in rows)))
    return body + sha1(body, usedforsecurity=False).digest()


def _above(name: bytes) -> Iterator[bytes]:
    while name := name.rpartition(b"/")[0]:
        yield name


def _rows(content: bytes, *, is_short: bool) -> list[Row]:
    """Return the entries of an index in their order; `is_short`: their names are shortened."""
    rows: list[Row] = []
    if not content:
        return rows
    count, at, name = _HEADER.unpack_from(content)[2], _HEADER.size, b""
    for _ in range(count):
        flags = content[at + 60] << 8 | content[at + 61]
        start = at + _ENTRY.size + (2 if flags & _EXTENDED else 0)
        if is_short:
            cut, begin = _number(content, start)
            end = content.index(0, begin)
            name = name[: len(name) - cut] + content[begin:end]
            rows.append((name, _padded(content[at:start] + name)))
            at = end + 1
            continue
        length = flags & _LONG_NAME
        end = start + length if length < _LONG_NAME else content.index(0, start)
        following = at + ((end - at + 8) & ~7)
        rows.append((content[start:end], content[at:following]))
        at = following
    _check_extensions(content, at)
    return rows


def _number(content: bytes, at: int) -> tuple[int, int]:
    """Read a number as git packs it; returns where it ends too."""
    value = content[at] & 0x7F
    while content[at] & 0x80:
        at += 1
        value = ((value + 1) << 7) | (content[at] & 0x7F)
    return value, at + 1


def _check_extensions(content: bytes, at: int) -> None:
    """Raise Unavailable for what cannot be left out, by the case of its name."""
    while at + _EXTENSION.size <= len(content) - _HASH:
        name, size = _EXTENSION.unpack_from(content, at)
        if name[:1].islower():
            raise Unavailable(
                f"the git repository of the tree takes no commit: its index is split or sparse "
                f"({name.decode('ascii', 'replace')}). Run `git update-index --no-split-index` or "
                "`git sparse-checkout disable` there"
            )
        at += _EXTENSION.size + size


def _entry(name: bytes, leaf: Leaf) -> bytes:
    status = leaf.status
    fixed = _ENTRY.pack(
        *_time(status.st_ctime_ns),
        *_time(status.st_mtime_ns),
        status.st_dev & _WORD,
        status.st_ino & _WORD,
        leaf.mode,
        status.st_uid & _WORD,
        status.st_gid & _WORD,
        status.st_size & _WORD,
        bytes.fromhex(leaf.blob.decode()),
        min(len(name), _LONG_NAME),
    )
    return _padded(fixed + name)


def _padded(entry: bytes) -> bytes:
    return entry + b"\0" * (8 - len(entry) % 8)


def _time(nanoseconds: int) -> tuple[int, int]:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return seconds & _WORD, rest
