"""Keep a run's CPU and memory over time, in a file that does not grow with the run.

When it is full, every other line goes and the distance between lines doubles, so
a minute is drawn finely, a month coarsely, and both in at most `_MOST` lines.
"""

from contextlib import suppress
from pathlib import Path

from engine.runner.protocol import SAMPLES_NAME

_MOST = 600
_FIRST_DISTANCE = 0.1


class SampleFile:
    """Appends lines of: time in ns, CPU time in ms, memory in bytes, processes."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / SAMPLES_NAME
        self._lines = 0
        self._distance = _FIRST_DISTANCE
        self._next = 0.0

    def add(self, now: float, sample: tuple[int, int, int, int]) -> None:
        """Write a sample unless the last one is too near; a full disk costs the line only."""
        if now < self._next:
            return
        # A timer is a little late each time; half a distance keeps the lines from drifting apart.
        self._next = now + self._distance * 0.5
        with suppress(OSError):
            if self._lines >= _MOST:
                self._thin()
            with self._path.open("a") as file:
                file.write(" ".join(map(str, sample)) + "\n")
            self._lines += 1

    def _thin(self) -> None:
        kept = self._path.read_text().splitlines(keepends=True)[::2]
        part = self._path.with_suffix(".part")
        part.write_text("".join(kept))
        part.replace(self._path)
        self._lines = len(kept)
        self._distance *= 2
