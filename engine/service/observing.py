"""What the engine tells of runs taken together, and of itself."""

from engine.ports import Statistics
from engine.service.compose import Composition


class Observing:
    """The part of Engine that counts and measures; the parts are the engine's own."""

    _all: Composition

    @property
    def statistics(self) -> Statistics:
        """What runs add up to, by day and script."""
        return self._all.stores.statistics
