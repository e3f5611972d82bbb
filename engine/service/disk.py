"""Say what a failure of the tree's disk means for whoever reads or edits a file there."""

import errno
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from engine.errors import CannotWrite, EngineError, InvalidInput, NoSpace, NotFound
from engine.tree.reading import NotRegular

_MISSING: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_KIND: Final = frozenset({errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST, errno.ENAMETOOLONG})


@contextmanager
def told(place: str) -> Generator[None]:
    """Turn an OSError about a place of the tree into the EngineError that its user needs."""
    try:
        yield
    except OSError as error:
        raise _meaning(place, error) from error


def _meaning(place: str, error: OSError) -> EngineError:
    said = error.strerror or str(error)
    if isinstance(error, NotRegular):
        return InvalidInput(
            f"{place}: a name in it is a link, a directory or a special file, and only regular "
            "files below real directories are read and written"
        )
    if error.errno in _MISSING:
        return NotFound(f"{place}: there is no such file")
    if error.errno in _FULL:
        return NoSpace(f"{place}: {said}. Nothing was changed; make room and try again")
    if error.errno in _KIND:
        return InvalidInput(f"{place}: {said}")
    return CannotWrite(
        f"{place}: {said}. Nothing was changed; check the permissions of the scripts directory "
        "for the account of the server, and that its disk is writable"
    )
