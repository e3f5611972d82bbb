"""Many attempts that were denied become few entries, so that a flood cannot fill the disk.

Of each address, account and reason the first attempt is told at once; those of the minute
after it are counted, and told as one entry when the minute is over. Only so many are told
apart at a time; the others are counted together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.model.audit import AuditEntry

WINDOW = 60.0
"""Seconds for which attempts are counted together."""
MOST_TOLD_APART = 256

_Key = tuple[str, str, str]
_OTHERS: _Key = ("", "", "")


@dataclass(slots=True)
class _Count:
    until: float
    latest: AuditEntry
    further: int = 0


class Gathering:
    """Time is an argument: seconds of a clock that does not jump."""

    def __init__(self) -> None:
        self._counts: dict[_Key, _Count] = {}

    @property
    def next_end(self) -> float | None:
        """When the oldest minute is over; None when nothing is being counted."""
        return min((count.until for count in self._counts.values()), default=None)

    def take(self, entry: AuditEntry, at: float) -> bool:
        """Count an entry; returns True for the first of its kind, which is to be told at once."""
        key = self._key(entry)
        count = self._counts.get(key)
        if count is None:
            self._counts[key] = _Count(at + WINDOW, entry)
            return True
        count.latest = entry
        count.further += 1
        return False

    def ended(self, at: float) -> Sequence[AuditEntry]:
        """Return what was counted in the minutes that are over, and begin anew."""
        over = [key for key, count in self._counts.items() if count.until <= at]
        counts = [self._counts.pop(key) for key in over]
        return [replace(count.latest, count=count.further) for count in counts if count.further]

    def _key(self, entry: AuditEntry) -> _Key:
        key = (entry.address, entry.who, entry.code or str(entry.status))
        full = len(self._counts) >= MOST_TOLD_APART and key not in self._counts
        return _OTHERS if full else key
