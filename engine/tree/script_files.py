"""Read the files of one script as its editors see them: by path, with entity tags.

Every file that a person may have put there is shown, hidden ones too; what programs
make beside them is not. A tag is the hash of the content, so that it is the same for
the same content whatever happened in between.
"""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

from engine.errors import FileTooLarge, InvalidInput
from engine.model.file import FileContent, FileInfo, FileList, etag_of
from engine.tree.contained import directory_of, open_contained
from engine.tree.inner_path import InnerPath, inner_path
from engine.tree.places import DEEPEST
from engine.tree.reading import read_from
from engine.tree.staging import STAGING

MOST: Final = 2_000
"""Files that are listed of one script."""
MOST_HASHED: Final = 64_000_000
"""Bytes that are read to list a script; files beyond them are listed without a tag."""

_MACHINE_MADE: Final = frozenset({".git", ".venv", "__pycache__", "node_modules"})
_Seen = tuple[InnerPath, os.stat_result]


def read_file(root: Path, script: InnerPath, path: InnerPath, largest: int) -> FileContent:
    """Return a file of a script. Raises FileTooLarge, NotRegular and OSError."""
    descriptor, status = open_contained(root, InnerPath((*script, *path)))
    try:
        content = read_from(descriptor, largest, status.st_size)
    finally:
        os.close(descriptor)
    name = "/".join(path)
    if len(content) > largest:
        raise FileTooLarge(
            f"{name} has {status.st_size} bytes, and the API reads and writes files of up to "
            f"{largest}; `server.max_file` in pysched.yaml is the bound"
        )
    return FileContent(info=_info(name, status, len(content), etag_of(content)), content=content)


def list_files(root: Path, script: InnerPath, largest: int) -> FileList:
    """Return the files of a script in order of path, links and special files left out.

    A name that no path of the API can hold is left out too. Raises NotRegular when the
    script's directory is none, another OSError when it cannot be read.
    """
    with directory_of(root, InnerPath((*script, "_"))) as directory:
        found = list(islice(_walk(directory), MOST + 1))
    left = MOST_HASHED
    infos: list[FileInfo] = []
    for path, status in found[:MOST]:
        if is_read := status.st_size <= min(left, largest):
            left -= status.st_size
        read = _read_if_possible(root, script, path, largest) if is_read else None
        infos.append(read or _info("/".join(path), status, status.st_size, None))
    infos.sort(key=lambda info: info.path.split("/"))
    return FileList(items=infos, complete=len(found) <= MOST)


def _walk(directory: int) -> Iterator[_Seen]:
    walk = os.fwalk(".", follow_symlinks=False, dir_fd=directory)
    for place, directories, names, descriptor in walk:
        directories[:] = sorted(filter(_is_shown, directories))
        if place.count("/") >= DEEPEST:
            directories.clear()
        for name in sorted(filter(_is_shown, names)):
            path = _addressable(f"{place}/{name}".removeprefix("./"))
            status = None if path is None else _status(name, descriptor)
            if path is not None and status is not None and stat.S_ISREG(status.st_mode):
                yield path, status


def _is_shown(name: str) -> bool:
    return not (
        name in _MACHINE_MADE or name.startswith(STAGING) or name.endswith((".pyc", ".pyo"))
    )


def _addressable(path: str) -> InnerPath | None:
    try:
        return inner_path(path)
    except InvalidInput:
        return None


def _status(name: str, directory: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _read_if_possible(
    root: Path, script: InnerPath, path: InnerPath, largest: int
) -> FileInfo | None:
    try:
        return read_file(root, script, path, largest).info
    except (OSError, FileTooLarge):
        # It may not be read, or is not what it was a moment ago.
        return None


def _info(path: str, status: os.stat_result, size: int, etag: str | None) -> FileInfo:
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    return FileInfo(path=path, size=size, modified=modified, etag=etag)
