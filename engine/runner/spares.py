"""Claim runs by renaming empty directories of runs that are archived.

To make a directory and a file for each run and to remove them again is most of what a
short run costs the disk. The directories are left by whoever archives runs (see
`engine.runs.spares`); they are there already, claim file and all, and one rename puts
both in the run's place. It takes a place that is free or holds an empty directory, and
no other: whoever claimed a run before has left a file there, so it claims as surely as
creating that file does.

One runner lives in a data directory (see `protocol.LOCK_NAME`), so nobody else takes
from here.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from engine.runner.protocol import CLAIM_NAME, SPARES_NAME

_EMPTY = os.O_WRONLY | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


class Spares:
    """The directories that were left for the runs below one `runs` directory."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def claim(self, directory: Path, write: Callable[[int], None]) -> int | None:
        """Put a spare in the place of `directory`; returns its claim file, open to append.

        `write` fills the file before. None when there is no spare or it is not to be had
        there, be it that the run was claimed before: creating the file tells.
        """
        spares = f"{directory.parent.parent}/{SPARES_NAME}"
        name = self._next(spares)
        if name is None:
            return None
        spare = f"{spares}/{name}"
        try:
            fd = os.open(f"{spare}/{CLAIM_NAME}", _EMPTY)
        except OSError:
            return None
        try:
            write(fd)
            os.rename(spare, directory)  # noqa: PTH104 - for each run
        except OSError:
            os.close(fd)
            return None
        return fd

    def _next(self, spares: str) -> str | None:
        if not self._names:
            with suppress(OSError):
                # Those with a dot are being emptied.
                self._names = [name for name in os.listdir(spares) if name[0] != "."]  # noqa: PTH208
        return self._names.pop() if self._names else None
