"""Count passes over the files and how long they take."""

from collections.abc import Generator
from contextlib import contextmanager

from engine.model.histogram import Histogram
from engine.ports import Clock

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
"""Upper bounds in seconds: from one script to ten thousand on a slow disk."""


class PassTally:
    def __init__(self) -> None:
        self.seconds = Histogram(BOUNDS)
        self.failed = 0
        """Those that ended in a way nobody expected."""
        self.changes = 0
        """Scripts that were created, changed or removed."""

    @contextmanager
    def measured(self, clock: Clock) -> Generator[None]:
        """Count a pass, which is what happens meanwhile."""
        began = clock.monotonic()
        try:
            yield
        except Exception:
            self.failed += 1
            raise
        finally:
            self.seconds.observe(clock.monotonic() - began)
