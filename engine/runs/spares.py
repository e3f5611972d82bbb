"""Leave directories of archived runs to the runner, which claims others with them.

A directory is emptied under a name that the runner does not take, so none is offered
with anything of the run it belonged to in it, and none is touched once it is offered.
Whoever still reads the output from the file finds it cut, and in the archive.
"""

import os
import shutil
from pathlib import Path
from typing import Final

from engine.runner import protocol
from engine.runs.places import RunPlaces

MOST: Final = 512
"""Directories that are kept, 4 KB each: as many runs as wait to be archived while others start."""


class Leaving:
    """Leaves the directories of one group of runs. Blocking."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._room: int | None = None

    def leave(self, directory: Path) -> bool:
        """Offer the directory of an archived run that holds its claim alone.

        False if there are enough, or the disk is too full to keep any: it is to be removed,
        which frees space where this would take some. Raises OSError when neither can be done.
        """
        spares = directory.parent.parent / protocol.SPARES_NAME
        emptied = spares / f".{directory.name}"
        if self._room is None:
            self._room = _room(spares, self._most)
        if self._room <= 0 or not _moved(directory, emptied):
            return False
        self._room -= 1
        try:
            os.truncate(emptied / protocol.CLAIM_NAME, 0)
            emptied.rename(spares / f"of-{directory.name}")
        except OSError:
            shutil.rmtree(emptied)
        return True


def _room(spares: Path, most: int) -> int:
    try:
        spares.mkdir(mode=0o700, exist_ok=True)
        return most - len(os.listdir(spares))  # noqa: PTH208 - names will do
    except OSError:
        return 0


def _moved(directory: Path, to: Path) -> bool:
    try:
        directory.rename(to)
    except OSError:
        return False
    return True


def sweep(places: RunPlaces) -> None:
    """Remove what a crash left half emptied. Blocking; for before any run is put away."""
    for path in (places.data / "runs" / protocol.SPARES_NAME).glob(".*"):
        shutil.rmtree(path)
