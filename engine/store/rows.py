"""A run as a row: its columns, and the way there and back.

Decoding is on the path of every page, so it takes the shortest way that Python has.
"""

import json
from collections.abc import Sequence
from typing import Any

from engine.model.run import Cause, Run, RunStatus
from engine.store.moments import moment, moment_or_none, stored, stored_or_none

FIXED = ("id", "script", "cause", "trigger", "queued_at")
"""A run is what it was asked for: later changes leave these alone, and so most indexes too."""

CHANGING = (
    "status", "reason", "scheduled_for", "not_before", "started_at", "finished_at", "duration_ms",
    "exit_code", "cpu_ms", "peak_memory_bytes", "attempt", "first_id", "commit", "digest", "lock",
    "environment", "python", "requested_by", "args", "env", "files", "payload", "previous_status",
    "output_bytes", "output_cut", "boot",
)  # fmt: skip

COLUMNS = ", ".join(f'"{name}"' for name in (*FIXED, *CHANGING))
PLACES = ", ".join("?" * (len(FIXED) + len(CHANGING)))
ASSIGNMENTS = ", ".join(f'"{name}" = ?' for name in CHANGING)

_STATUS = {status.value: status for status in RunStatus}
_CAUSE = {cause.value: cause for cause in Cause}


def fixed_values(run: Run) -> tuple[Any, ...]:
    """Return the values of FIXED."""
    return run.id, run.script, run.cause.value, run.trigger, stored(run.queued_at)


def changing_values(run: Run) -> tuple[Any, ...]:
    """Return the values of CHANGING."""
    return (
        run.status.value,
        run.reason,
        stored_or_none(run.scheduled_for),
        stored_or_none(run.not_before),
        stored_or_none(run.started_at),
        stored_or_none(run.finished_at),
        run.duration_ms,
        run.exit_code,
        run.cpu_ms,
        run.peak_memory_bytes,
        run.attempt,
        run.first_id,
        run.commit,
        run.digest,
        run.lock,
        run.environment,
        run.python,
        run.requested_by,
        json.dumps(run.args) if run.args else None,
        json.dumps(run.env) if run.env else None,
        json.dumps(run.files) if run.files else None,
        run.payload,
        run.previous_status.value if run.previous_status else None,
        run.output_bytes,
        run.output_cut,
        run.boot,
    )


_Draft: Any = type("_Draft", (), {"__slots__": Run.__slots__})
"""A run that is not frozen yet.

Its class is exchanged for Run once it is filled, which Python allows between classes of
equal slots. The constructor of a frozen class sets each of 30 fields by a call: 5.3 µs
against 0.5 µs, the larger part of reading a page.
"""


def decoded(row: Sequence[Any]) -> Run:
    """Return the run of a row of COLUMNS."""
    (
        run_id, script, cause, trigger, queued_at, status, reason, scheduled_for, not_before,
        started_at, finished_at, duration_ms, exit_code, cpu_ms, peak_memory_bytes, attempt,
        first_id, commit, digest, lock, environment, python, requested_by, args, env, files,
        payload, previous_status, output_bytes, output_cut, boot,
    ) = row  # fmt: skip
    run = _Draft()
    run.id = run_id
    run.script = script
    run.status = _STATUS[status]
    run.cause = _CAUSE[cause]
    run.queued_at = moment(queued_at)
    run.reason = reason
    run.trigger = trigger
    run.scheduled_for = moment_or_none(scheduled_for)
    run.not_before = moment_or_none(not_before)
    run.started_at = moment_or_none(started_at)
    run.finished_at = moment_or_none(finished_at)
    run.duration_ms = duration_ms
    run.exit_code = exit_code
    run.cpu_ms = cpu_ms
    run.peak_memory_bytes = peak_memory_bytes
    run.attempt = attempt
    run.first_id = first_id
    run.commit = commit
    run.digest = digest
    run.lock = lock
    run.environment = environment
    run.python = python
    run.requested_by = requested_by
    run.args = tuple(json.loads(args)) if args else ()
    run.env = tuple((name, value) for name, value in json.loads(env)) if env else ()
    run.files = tuple(json.loads(files)) if files else ()
    run.payload = payload
    run.previous_status = _STATUS[previous_status] if previous_status else None
    run.output_bytes = output_bytes
    run.output_cut = output_cut
    run.boot = boot
    run.__class__ = Run
    return run
