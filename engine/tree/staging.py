"""Where what is not finished yet lies: one directory at the root of the tree.

A file is written and a script is built there before it is renamed into its place, and
a directory that is removed goes there first, so that no scan ever sees half of one.
It must be on the file system of the tree, so it cannot be in the data directory. Its
name starts with a dot, which keeps the scan out, and git is told to ignore it.
"""

import errno
import logging
import os
import secrets
import shutil
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from engine.tree.contained import directory_of
from engine.tree.inner_path import InnerPath

logger = logging.getLogger(__name__)

STAGING: Final = ".pysched-tmp"
IGNORE: Final = f"{STAGING}*"
"""The pattern by which git leaves it out, and what lies beside a file elsewhere."""

NOT_ASIDE: Final = frozenset({errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS})
"""Why something may not come from the root of the tree: a mount of its own, or permissions."""

_GONE: Final = "gone-"
_NOTE: Final = ".place"
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY


def passing_name() -> str:
    """Return a name that nothing else has."""
    return f"{STAGING}-{secrets.token_hex(8)}"


@contextmanager
def staging(root: Path) -> Generator[int]:
    """Give a descriptor of the directory, made if need be. Raises OSError."""
    with suppress(FileExistsError):
        (root / STAGING).mkdir(mode=0o700)
    descriptor = os.open(root / STAGING, _FLAGS)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def put_aside(root: Path, place: str) -> Path:
    """Move a directory of the tree out of it in one step; returns where it is now.

    Its place is noted beside it, for `tidy` to put it back if this process dies. Raises OSError.
    """
    aside = root / STAGING / f"{_GONE}{secrets.token_hex(8)}"
    path = InnerPath(tuple(place.split("/")))
    with staging(root) as target, directory_of(root, path) as directory:
        try:
            with _note(aside).open("w", encoding="utf-8") as file:
                file.write(place)
                file.flush()
                # Else a power cut may keep the move and lose where it came from.
                os.fsync(file.fileno())
            os.fsync(target)
            os.rename(path[-1], aside.name, src_dir_fd=directory, dst_dir_fd=target)
        except OSError:
            _note(aside).unlink(missing_ok=True)
            raise
    return aside


def put_back(root: Path, aside: Path) -> str | None:
    """Undo `put_aside`; returns the place, None where something else is by now."""
    place = _note(aside).read_text(encoding="utf-8")
    if os.path.lexists(root / place) or not (root / place).parent.is_dir():
        return None
    aside.rename(root / place)
    _note(aside).unlink()
    return place


def discard(aside: Path) -> None:
    """Remove for good what was put aside: it comes back no more, even if that is cut off."""
    going = aside.with_name(passing_name())
    aside.rename(going)
    _note(aside).unlink(missing_ok=True)
    shutil.rmtree(going)


def tidy(root: Path) -> Iterator[str]:
    """Clear what a process that died left, and put back what it had put aside.

    Yields the places that are back. What has something else in its place by now stays
    aside. To be called while nobody edits. Raises OSError.
    """
    if not (root / STAGING).is_dir():
        return
    for left in sorted((root / STAGING).iterdir()):
        if not left.name.startswith(_GONE):
            _remove(left)
        elif left.suffix != _NOTE:
            if (place := put_back(root, left)) is not None:
                yield place
            else:
                extra = {"directory": str(left)}
                logger.warning("a removed directory stays aside: its place is taken", extra=extra)
        elif not left.with_suffix("").exists():
            left.unlink(missing_ok=True)


def _note(aside: Path) -> Path:
    return aside.with_suffix(_NOTE)


def _remove(left: Path) -> None:
    if stat.S_ISDIR(left.lstat().st_mode):
        shutil.rmtree(left)
    else:
        left.unlink()
