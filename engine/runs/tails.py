"""Read what is new of live runs, for any number of followers, each look costing what is new.

A frame file can only be read from its beginning, so where each look ended is
remembered. Followers that stand at the same place share what is remembered, and no
file is kept open between looks.
"""

from collections import OrderedDict
from pathlib import Path
from typing import Final

from engine.model.identity import RunId
from engine.runner.frames import Place
from engine.runs.output import Follower, Slice, View, shows

MOST_PLACES: Final = 1024
"""Followers beyond these begin anew with each look; that costs time and nothing else."""
BATCH: Final = 1 << 19
"""Bytes that one look may take in one go; usually it takes an eighth of them."""


class Tails:
    def __init__(self) -> None:
        self._places: OrderedDict[tuple[RunId, int], Place] = OrderedDict()

    def read(self, run_id: RunId, directory: Path, *, offset: int, view: View, limit: int) -> Slice:
        """Return what is new from an offset on; more than `limit` bytes only by one batch."""
        known = self._places.get((run_id, offset))
        follower = Follower(directory, offset if known is None else known)
        parts: list[bytes] = []
        size, more = 0, False
        try:
            while chunks := follower.read():
                parts += [chunk.data for chunk in chunks if shows(view, chunk.stream)]
                size += sum(len(chunk.data) for chunk in chunks)
                if size + BATCH > limit:
                    more = True
                    break
            self._remember(run_id, follower.place)
            return Slice(b"".join(parts), follower.offset, more)
        finally:
            follower.close()

    def _remember(self, run_id: RunId, place: Place) -> None:
        self._places[run_id, place.offset] = place
        self._places.move_to_end((run_id, place.offset))
        while len(self._places) > MOST_PLACES:
            self._places.popitem(last=False)
