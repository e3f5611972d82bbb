"""Turn what became of a run into its final status and a reason people understand.

A final status never changes (spec.md §5): every function here hands a run that is
final already back as it is, so that a report that is told twice is told once.

What the runner did to a run weighs more than the code it ended with: a script that
catches SIGTERM and exits 0 after its time limit has still timed out.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from engine.model.run import Run, RunStatus
from engine.model.script import Limits, Script
from engine.ports import ExitReport
from engine.runs import wording

SERVER_STOPPED: Final = "server stopped"

_Verdict = tuple[RunStatus, str]


def started(run: Run, at: datetime) -> Run:
    """Return the run as running since `at`; a run that is not queued is left as it is."""
    if run.status is not RunStatus.QUEUED:
        return run
    return run.but(status=RunStatus.RUNNING, started_at=at, reason="")


def conclude(run: Run, report: ExitReport, script: Script | None) -> Run:
    """Return the run with its final status, reason and measurements.

    `script` gives exit codes and limits; None (its directory is gone) means that
    only exit code 0 is a success.
    """
    if run.status.final:
        return run
    status, reason = _judge(report, script)
    return run.but(
        status=status,
        reason=reason,
        started_at=report.started_at or run.started_at,
        finished_at=report.finished_at,
        duration_ms=report.duration_ms,
        exit_code=report.exit_code,
        cpu_ms=report.cpu_ms,
        peak_memory_bytes=report.peak_memory_bytes,
        output_bytes=report.output_bytes,
        output_cut=report.output_cut,
    )


def ended_without_report(run: Run, status: RunStatus, reason: str, at: datetime) -> Run:
    """Return a run that ends though no process of it reported an end.

    For runs that are cancelled, skipped or failed while queued, and for those that
    were interrupted. `status` must be final; ValueError otherwise.
    """
    if not status.final:
        raise ValueError(f"{status} does not end a run")
    return run if run.status.final else run.but(status=status, reason=reason, finished_at=at)


def _judge(report: ExitReport, script: Script | None) -> _Verdict:
    if report.ended_by is not None:
        limits = script.limits if script else Limits()
        return _STOPPED.get(report.ended_by, _unknown)(report, limits)
    if report.exit_code is None:
        return RunStatus.FAILED, report.detail or "the runner does not know how it ended"
    return _by_exit_code(report.exit_code, script)


def _by_exit_code(code: int, script: Script | None) -> _Verdict:
    if code in (script.success_exit_codes if script else (0,)):
        return RunStatus.SUCCESS, ""
    if script and code in script.skip_exit_codes:
        return RunStatus.SKIPPED, f"exit {code}"
    if code < 0:
        return RunStatus.FAILED, wording.signal_name(-code)
    return RunStatus.FAILED, f"exit {code}"


def _timeout(report: ExitReport, limits: Limits) -> _Verdict:
    if limits.timeout is None:
        return RunStatus.TIMEOUT, report.detail or "time limit"
    return RunStatus.TIMEOUT, f"limit {wording.duration(limits.timeout)}"


def _memory(report: ExitReport, limits: Limits) -> _Verdict:
    # The runner's own words come first: they tell the limit that was in force,
    # which an edit of the manifest may have changed since.
    return RunStatus.OUT_OF_MEMORY, report.detail or _limit_and_peak(report, limits)


def _limit_and_peak(report: ExitReport, limits: Limits) -> str:
    if limits.memory is None:
        return f"peak {wording.size(report.peak_memory_bytes)}"
    binary = wording.is_binary(limits.memory)
    limit = wording.size(limits.memory, binary=binary)
    return f"limit {limit}, peak {wording.size(report.peak_memory_bytes, binary=binary)}"


def _processes(report: ExitReport, limits: Limits) -> _Verdict:
    if report.detail or limits.processes is None:
        return RunStatus.FAILED, report.detail or "too many processes"
    return RunStatus.FAILED, f"limit {limits.processes} processes"


def _cancel(report: ExitReport, _: Limits) -> _Verdict:
    return RunStatus.CANCELLED, report.detail or "cancelled"


def _shutdown(_: ExitReport, __: Limits) -> _Verdict:
    # Not `interrupted`: somebody stopped the server and chose not to wait, so
    # `retry: {when: [interrupted]}`, meant for crashes, must not start it again.
    return RunStatus.CANCELLED, SERVER_STOPPED


def _spawn(report: ExitReport, _: Limits) -> _Verdict:
    return RunStatus.FAILED, f"could not be started: {report.detail or 'no reason was given'}"


def _unknown(report: ExitReport, _: Limits) -> _Verdict:
    return RunStatus.FAILED, f"stopped by the runner ({report.ended_by}) {report.detail}".strip()


_STOPPED: dict[str, Callable[[ExitReport, Limits], _Verdict]] = {
    "timeout": _timeout,
    "memory": _memory,
    "processes": _processes,
    "cancel": _cancel,
    "shutdown": _shutdown,
    "spawn": _spawn,
}
