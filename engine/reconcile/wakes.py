"""When each script must be looked at next because of the time."""

import heapq
from collections.abc import Iterator
from datetime import datetime

from engine.model.identity import ScriptId


class Wakes:
    """One instant a script, earliest first; setting it again replaces it."""

    def __init__(self) -> None:
        self._at: dict[ScriptId, datetime] = {}
        self._heap: list[tuple[datetime, ScriptId]] = []

    def set(self, script: ScriptId, at: datetime | None) -> None:
        """Look at the script at that time; None forgets it."""
        if at is None:
            self._at.pop(script, None)
            return
        if self._at.get(script) != at:
            self._at[script] = at
            heapq.heappush(self._heap, (at, script))
        if len(self._heap) > 64 + 2 * len(self._at):
            self._heap = [(at, script) for script, at in self._at.items()]
            heapq.heapify(self._heap)

    def due(self, now: datetime) -> Iterator[ScriptId]:
        """Take out and yield the scripts whose time has come, earliest first."""
        while self._heap and self._heap[0][0] <= now:
            at, script = heapq.heappop(self._heap)
            if self._at.get(script) == at:
                del self._at[script]
                yield script

    def of(self, script: ScriptId) -> datetime | None:
        return self._at.get(script)

    @property
    def next(self) -> datetime | None:
        """The earliest instant, None when there is none."""
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None
