"""Decide which runs are old enough to go.

`keep.runs` counts runs that really started. Rows of runs that never did (skipped,
missed) are counted apart, up to the same number: a script that skips every second
during one long run would otherwise push all real runs out. `keep.days` holds for
both. A run that is not over never goes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.model.identity import RunId
from engine.model.script import Keep


@dataclass(frozen=True, slots=True)
class Age:
    """What counts for keeping a run."""

    id: RunId
    queued_at: datetime
    started: bool
    final: bool


def oldest_kept(keep: Keep, now: datetime) -> datetime:
    """Return the moment before which nothing is kept."""
    return now - timedelta(days=keep.days)


def expired(newest_first: Iterable[Age], keep: Keep, now: datetime) -> Iterator[RunId]:
    """Yield those of one script's runs that are to be deleted."""
    oldest = oldest_kept(keep, now)
    seen = {True: 0, False: 0}
    for run in newest_first:
        seen[run.started] += 1
        if run.final and (seen[run.started] > keep.runs or run.queued_at < oldest):
            yield run.id
