"""Decide of what happened to a script whom to tell of it, and of what not any more.

Pure: what is remembered of the script and what happened go in, what is remembered
from then on and what is to be told come out. A run tells one thing at most. A
run that is tried again never comes here, so a failure is one of the last attempt. Where that
was cancelled before it began, it stands for the failure of which nobody was told for its sake.

A script that goes on failing is told of at its first failure, and then once an hour
at most: whoever did not mend it by then is reminded, and nobody's mailbox is flooded
by a job of every minute.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from engine.model.identity import RunId
from engine.model.notice import NoticeKind, Standing
from engine.model.run import FAILURES, Run, RunStatus
from engine.model.script import Script

REPEAT = timedelta(hours=1)
"""How often at most a series of failures, or of missed runs, is told again."""

USUAL_OF = 10
"""Newest successes whose durations say what is usual."""
USUAL_FROM = 3
"""Successes without which nothing is usual."""
LONGER = 3
"""How many times the usual a run takes that is told of."""
LEAST_LONG = timedelta(minutes=1)
"""A run that takes seconds may take some more and nobody minds."""
OF_TIMEOUT = 0.8
"""Share of its time limit after which a run is told of."""

_ENDS = FAILURES | {RunStatus.SUCCESS, RunStatus.MISSED}


class Told(NamedTuple):
    """One thing that is to be told."""

    kind: NoticeKind
    run: RunId | None = None
    failures: int = 0
    """Since the last success, this one counted."""
    since: datetime | None = None
    """Of a failure or a recovery, when the failures began; of an overdue success, from when
    it was waited for."""


def wants(script: Script | None) -> bool:
    """Say whether anything of this script may be told to anybody."""
    return script is not None and script.notify is not None and script.enabled


def ends_to_tell(runs: Iterable[Run], new_runs: Collection[Run]) -> list[RunId]:
    """Return those of the runs whose end may be told: of a failure, when no attempt follows.

    `new_runs` are those that are recorded together with the ends.
    """
    retried = {run.first_id for run in new_runs if run.first_id is not None}
    return [
        run.id for run in runs if _outcome(run) in _ENDS and (run.first_id or run.id) not in retried
    ]


def _outcome(run: Run) -> RunStatus:
    """Return how a run ended; an attempt that never began, as the one before it did."""
    never_began = run.status is RunStatus.CANCELLED and run.started_at is None
    if never_began and run.attempt > 1 and run.previous_status is not None:
        return run.previous_status
    return run.status


def beginning(run: Run) -> Standing:
    """Return what to go by for a script of which nothing is remembered yet."""
    if run.attempt == 1 and run.previous_status in FAILURES:
        return Standing(failing_since=run.queued_at)
    return Standing()


def after_end(
    standing: Standing, run: Run, when: Collection[str], now: datetime
) -> tuple[Standing, Told | None]:
    """Return what is remembered from now on, and what is told of a run that is over."""
    outcome = _outcome(run)
    if outcome is RunStatus.SUCCESS:
        return _succeeded(standing, run, when)
    if outcome in FAILURES:
        return _failed(standing, run, when, now)
    if outcome is RunStatus.MISSED:
        return _missed(standing, run, when, now)
    return standing, None


def _succeeded(standing: Standing, run: Run, when: Collection[str]) -> tuple[Standing, Told | None]:
    recovered = standing.failing_since is not None or standing.overdue_told
    since = standing.failing_since or standing.expected_since
    ended = run.finished_at or run.queued_at
    after = Standing(expected_since=max(standing.expected_since or ended, ended))
    if recovered and NoticeKind.RECOVERY in when:
        kind = NoticeKind.RECOVERY
        return after, Told(kind=kind, run=run.id, failures=standing.failures, since=since)
    if NoticeKind.SUCCESS in when:
        return after, Told(kind=NoticeKind.SUCCESS, run=run.id)
    return after, None


def _failed(
    standing: Standing, run: Run, when: Collection[str], now: datetime
) -> tuple[Standing, Told | None]:
    since = standing.failing_since or run.finished_at or run.queued_at
    standing = replace(standing, failing_since=since, failures=standing.failures + 1)
    if NoticeKind.FAILURE not in when or _is_fresh(standing.failure_told_at, now):
        return standing, None
    told = Told(kind=NoticeKind.FAILURE, run=run.id, failures=standing.failures, since=since)
    return replace(standing, failure_told_at=now), told


def _missed(
    standing: Standing, run: Run, when: Collection[str], now: datetime
) -> tuple[Standing, Told | None]:
    if NoticeKind.MISSED not in when or _is_fresh(standing.missed_told_at, now):
        return standing, None
    told = Told(kind=NoticeKind.MISSED, run=run.id)
    return replace(standing, missed_told_at=now), told


def _is_fresh(told_at: datetime | None, now: datetime) -> bool:
    # One from the future was made by a clock that was wrong.
    return told_at is not None and timedelta() <= now - told_at < REPEAT


def expects(script: Script | None) -> bool:
    """Say whether somebody is to be told when the script does not succeed in time."""
    return (
        script is not None
        and script.enabled
        and script.expect_within is not None
        and script.notify is not None
        and NoticeKind.MISSED in script.notify.when
    )


def overdue_at(script: Script, standing: Standing) -> datetime | None:
    """Return when it is too long ago that a run succeeded; None if that is not to be told."""
    if not expects(script) or standing.overdue_told or standing.expected_since is None:
        return None
    return standing.expected_since + (script.expect_within or timedelta())


def when_overdue(script: Script, standing: Standing, now: datetime) -> tuple[Standing, Told | None]:
    """Return what is told because of the time: once, and again only after a success."""
    at = overdue_at(script, standing)
    if at is None or at > now:
        return standing, None
    told = Told(kind=NoticeKind.MISSED, since=standing.expected_since)
    return replace(standing, overdue_told=True), told


def long_after(script: Script, durations: Sequence[timedelta]) -> timedelta | None:
    """Return how long a run may take before it is told that it takes long; None for ever.

    `durations` are of the script's newest successes. Three times what is usual among
    them is long, but not less than a minute; so are four fifths of the time limit.
    """
    bounds: list[timedelta] = []
    if len(durations) >= USUAL_FROM:
        usual = sorted(durations)[len(durations) // 2]
        bounds.append(max(LONGER * usual, LEAST_LONG))
    if script.limits.timeout is not None:
        bounds.append(OF_TIMEOUT * script.limits.timeout)
    return min(bounds, default=None)
