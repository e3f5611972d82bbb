"""Decide whether a finished run is tried again, and form that next attempt.

The id of the attempt is formed from the id of the run that was tried first, so that
deciding twice (a crash between decision and commit) gives one run, and the retries of a
replay never meet those of the run it replays.
"""

from datetime import timedelta
from hashlib import blake2b

from engine.model.identity import RunId
from engine.model.run import Cause, Run, RunStatus
from engine.model.script import Retry, Script


def next_attempt(script: Script, run: Run) -> Run | None:
    """Return the queued run that tries a finished one again, None when that is not wanted.

    Who asked, arguments, environment, files and payload are carried over; what the
    run is made of (commit, digest, lock) is not, so that a mended script is what is
    tried again. A cancelled run is never retried, whatever `when` says.
    """
    retry = script.retry
    if retry is None or run.finished_at is None or run.attempt >= retry.attempts:
        return None
    if run.status is RunStatus.CANCELLED or run.status not in retry.when:
        return None
    first, attempt = run.first_id or run.id, run.attempt + 1
    return Run(
        id=_attempt_id(first, attempt),
        script=run.script,
        status=RunStatus.QUEUED,
        cause=Cause.RETRY,
        queued_at=run.finished_at,
        trigger=run.trigger,
        scheduled_for=run.scheduled_for,
        not_before=run.finished_at + delay_before(retry, attempt),
        attempt=attempt,
        first_id=first,
        requested_by=run.requested_by,
        args=run.args,
        env=run.env,
        files=run.files,
        payload=run.payload,
        previous_status=run.status,
    )


def delay_before(retry: Retry, attempt: int) -> timedelta:
    """Return how long the attempt waits: the second for `delay`, each later one longer.

    `delay · backoff^(attempt - 2)`, at most `max_delay`.
    """
    try:
        seconds = retry.delay.total_seconds() * retry.backoff ** (attempt - 2)
    except OverflowError:
        return retry.max_delay
    return timedelta(seconds=min(seconds, retry.max_delay.total_seconds()))


def _attempt_id(first: RunId, attempt: int) -> RunId:
    token = blake2b(f"{first}\0{attempt}".encode(), digest_size=6).hexdigest()
    return RunId(f"{first.partition('-')[0]}-{token}")
