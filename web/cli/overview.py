"""What there is when the server has started, counted from the engine's own reports."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.model.environment import EnvironmentState
from engine.model.status import ScriptReport, ScriptStatus
from engine.model.tree import Problem
from web.service import Service

PAGE = 50
MOST = 1000
"""Scripts that are looked at one by one; a report of each costs about 0.3 ms."""
NEXT = 5


@dataclass(slots=True)
class Overview:
    """Figures of a tree; `complete` is False when only the totals are known."""

    scripts: int
    problem_count: int
    complete: bool = True
    scheduled: int = 0
    folders: int = 0
    ready: int = 0
    to_build: int = 0
    failed: int = 0
    problems: list[Problem] = field(default_factory=list[Problem])
    coming: list[tuple[datetime, str]] = field(default_factory=list[tuple[datetime, str]])
    """The soonest runs: when and which script."""


async def overview(engine: Service) -> Overview:
    """Count what there is, in slices that leave the loop to others in between."""
    health = engine.health()
    found = Overview(scripts=health.scripts, problem_count=health.problems)
    if health.scripts > MOST:
        found.complete = False
        return found
    reports: list[ScriptReport] = []
    cursor = None
    while True:
        page = engine.scripts(limit=PAGE, cursor=cursor)
        reports += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
        await asyncio.sleep(0)
    _count(found, reports)
    found.problems = list(engine.plan().problems)
    return found


def _is_defined(report: ScriptReport) -> bool:
    return report.status is not ScriptStatus.ERROR or report.stale


def _count(found: Overview, reports: Sequence[ScriptReport]) -> None:
    found.scheduled = sum(bool(report.triggers) for report in reports)
    found.folders = len({report.folder for report in reports} - {""})
    # Without a valid definition nobody knows which environment the script wants.
    states = [report.environment.state for report in reports if _is_defined(report)]
    found.ready = states.count(EnvironmentState.READY)
    found.failed = states.count(EnvironmentState.FAILED)
    found.to_build = len(states) - found.ready - found.failed
    found.coming = sorted(
        (report.next_run, str(report.id)) for report in reports if report.next_run is not None
    )[:NEXT]
