"""Put in words what happened to a script. Pure: facts in, a subject and a plain text out.

Plain text, because what a script prints can hold any markup, and in plain text none of it
means anything. All text that comes from a script, its manifest or its output goes through
`wording`, so that it cannot end a line of a header or move a terminal's cursor.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from engine.model.identity import ScriptId
from engine.model.notice import NoticeKind
from engine.model.run import Run, RunStatus
from engine.notify.rules import Told
from engine.notify.wording import duration, last_lines, moment, one_line, size

SHORT = 12
"""Digits of a hash that people compare."""
_STATUSES = {
    RunStatus.OUT_OF_MEMORY: "ran out of memory",
    RunStatus.TIMEOUT: "timed out",
    RunStatus.CANCELLED: "failed and was not tried again",
}


class Message(NamedTuple):
    subject: str
    """One line."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a message may tell."""

    told: Told
    script: ScriptId
    name: str
    now: datetime
    zone: tzinfo
    """That times are written in."""
    run: Run | None = None
    lines: Sequence[str] = ()
    """The end of its output."""
    last_success: Run | None = None
    """The newest one before the run."""
    expect_within: timedelta | None = None
    link: str | None = None
    """Address of the run, or of the script."""


def compose(facts: Facts) -> Message:
    """Return what is to be sent."""
    name = one_line(facts.name, 100) or facts.script
    headline = one_line(_headline(facts), 160)
    blocks = [
        "\n".join((f"{name} {headline}", "", *_table(facts, name))),
        *_changes(facts),
        *_output(facts.lines),
    ]
    return Message(f"[pysched] {name} {headline}", "\n\n".join(blocks) + "\n")


def trial(script: str | None, name: str | None, now: datetime, zone: tzinfo) -> Message:
    """Return what a test sends."""
    whom = one_line(name or script or "", 100)
    what = f"the notifications of {whom}" if whom else "notifications"
    return Message(
        f"[pysched] Test of {what}",
        f"This is a test of {what}, sent at {moment(now, zone)}.\n"
        "Whoever reads it will be told by the same way what happens.\n",
    )


def _headline(facts: Facts) -> str:
    told, run = facts.told, facts.run
    match told.kind:
        case NoticeKind.SUCCESS:
            return "succeeded"
        case NoticeKind.RECOVERY:
            return "works again"
        case NoticeKind.LONG_RUNNING:
            return f"takes long: it runs since {_span(facts.now, run and run.started_at)}"
        case NoticeKind.MISSED if run is None:
            return f"has not succeeded for {duration(facts.expect_within or timedelta())}"
        case NoticeKind.MISSED:
            return f"missed a run: {run.reason}" if run and run.reason else "missed a run"
        case _:
            return _failure(run)


def _failure(run: Run | None) -> str:
    if run is None:
        return "failed"
    what = _STATUSES.get(run.status)
    if what is None:
        what = "failed" if run.status is RunStatus.FAILED else f"failed: {run.status}"
    return f"{what}: {run.reason}" if run.reason else what


def _span(now: datetime, since: datetime | None) -> str:
    return duration(now - since) if since is not None and since <= now else "some time"


def _table(facts: Facts, name: str) -> Iterator[str]:
    rows = [*_about_script(facts, name), *_about_run(facts), *_about_series(facts)]
    if facts.link is not None:
        rows.append(("Link", facts.link))
    width = max(len(title) for title, _ in rows) + 1
    for title, value in rows:
        yield f"{title + ':':{width}} {value}"


def _about_script(facts: Facts, name: str) -> Iterator[tuple[str, str]]:
    yield "Script", facts.script if name == facts.script else f"{name} ({facts.script})"


def _about_run(facts: Facts) -> Iterator[tuple[str, str]]:
    run, zone = facts.run, facts.zone
    if run is None:
        return
    yield "Status", run.status.replace("_", " ")
    if run.reason:
        yield "Reason", one_line(run.reason, 500)
    if run.exit_code is not None:
        yield "Exit code", str(run.exit_code)
    yield "Run", run.id
    yield "Cause", run.cause.replace("_", " ") + (f", attempt {run.attempt}" * (run.attempt > 1))
    for title, at in (
        ("Scheduled for", run.scheduled_for),
        ("Started", run.started_at),
        ("Finished", run.finished_at),
    ):
        if at is not None:
            yield title, moment(at, zone)
    if run.duration_ms is not None:
        yield "Duration", duration(timedelta(milliseconds=run.duration_ms))
    if run.peak_memory_bytes:
        yield "Peak memory", size(run.peak_memory_bytes)


def _about_series(facts: Facts) -> Iterator[tuple[str, str]]:
    told, zone = facts.told, facts.zone
    if told.kind is NoticeKind.FAILURE and told.failures > 1 and told.since is not None:
        yield "Failures", f"{told.failures} since {moment(told.since, zone)}"
    if told.kind is NoticeKind.RECOVERY and told.since is not None:
        times = f"{told.failures} failures since" if told.failures > 1 else "in trouble since"
        yield "Before", f"{times} {moment(told.since, zone)}"
    if told.kind is NoticeKind.MISSED and told.run is None and facts.expect_within is not None:
        yield "Expected", f"a success within {duration(facts.expect_within)}"
    if told.kind in {NoticeKind.FAILURE, NoticeKind.MISSED}:
        last = facts.last_success
        ended = last.finished_at if last is not None else None
        yield "Last success", moment(ended, zone) if ended is not None else "none on record"


def _changes(facts: Facts) -> Iterator[str]:
    """Say what the run was made of that the last success was not."""
    run, before = facts.run, facts.last_success
    if facts.told.kind is not NoticeKind.FAILURE or run is None or before is None:
        return
    found = list(_differences(before, run))
    if found:
        yield "\n".join(("Changed since the last success:", *found))
    elif run.digest is not None:
        yield "Nothing of the script or its environment changed since the last success."


def _differences(before: Run, run: Run) -> Iterator[str]:
    for what, old, new in (
        ("commit", before.commit, run.commit),
        ("script's files", before.digest, run.digest),
        ("packages (lock)", before.lock, run.lock),
    ):
        if old != new and new is not None:
            yield f"  {what}: {(old or 'none')[:SHORT]} -> {new[:SHORT]}"
    if before.python != run.python and run.python is not None:
        yield f"  Python: {before.python or 'none'} -> {run.python}"


def _output(lines: Sequence[str]) -> Iterator[str]:
    shown = last_lines(lines)
    if shown:
        yield "\n".join(("Last lines of output:", *(f"  {line}" for line in shown)))
