"""A Journal in memory."""

from collections.abc import Sequence

from engine.ports import Clock
from engine.store.journal import JournalLine
from tests.fakes.clock import FakeClock


class FakeJournal:
    """`lines` is oldest first."""

    def __init__(self, clock: Clock | None = None, *, longest: int = 10_000) -> None:
        self.lines: list[JournalLine] = []
        self._clock = clock or FakeClock()
        self._longest = longest

    async def record(self, action: str, subject: str, detail: str = "", error: str = "") -> None:
        self.lines.append(
            JournalLine(
                at=self._clock.now(), action=action, subject=subject, detail=detail, error=error
            )
        )
        del self.lines[: -self._longest]

    def newest(self, limit: int) -> Sequence[JournalLine]:
        return self.lines[::-1][:limit]
