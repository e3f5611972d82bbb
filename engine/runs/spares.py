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
    """Leaves the directories of one group of runs; blocking, and raises OSError."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._room: int | None = None

    def leave(self, directory: Path) -> bool:
        """Offer the directory of an archived run that holds its claim alone.

        False if there are enough, and nothing was done with this one.
        """
        spares = directory.parent.parent / protocol.SPARES_NAME
        if self._room is None:
            spares.mkdir(mode=0o700, exist_ok=True)
            self._room = self._most - len(os.listdir(spares))  # noqa: PTH208 - names will do
        if self._room <= 0:
            return False
        self._room -= 1
        emptied = spares / f".{directory.name}"
        directory.rename(emptied)
        os.truncate(emptied / protocol.CLAIM_NAME, 0)
        emptied.rename(spares / f"of-{directory.name}")
        return True


def sweep(places: RunPlaces) -> None:
    """Remove what a crash left half emptied. Blocking; for before any run is put away."""
    for path in (places.data / "runs" / protocol.SPARES_NAME).glob(".*"):
        shutil.rmtree(path)
