"""Read what a run's directory proves about the run: that it was claimed, and how it ended."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from engine.ports import ExitReport
from engine.runner import frames, protocol
from engine.runs import reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The runner's promise that it alone starts the run; made before anything starts."""

    at: datetime | None
    """None when the machine went down before the content reached the disk."""
    boot: str = ""
    pid: int | None = None
    """Of the run's process; None unless it is known to have been started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskState:
    claim: Claim | None = None
    report: ExitReport | None = None
    damage: str = ""
    """Why the disk gives nothing out, such as `Input/output error`; then all else is unknown."""


NOTHING = DiskState()
_CLAIM_SIZE = 4096
"""Bytes; what the claim says takes less than 300."""


def disk_state(directory: Path) -> DiskState:
    """Read a run's directory; one that is missing or empty proves nothing.

    A file that is there and says nothing (power was lost under it) counts as a claim of
    unknown time, or as no exit report.
    """
    try:
        claim = _claim(directory / protocol.CLAIM_NAME)
        return DiskState(claim=claim, report=_report(directory / protocol.EXIT_NAME))
    except OSError as error:
        return DiskState(damage=error.strerror or str(error))


def _claim(path: Path) -> Claim | None:
    start = _read(path, _CLAIM_SIZE)
    if start is None:
        return None
    content = frames.claim_in(start)
    at, boot, pid = content.get("at_ns"), content.get("boot"), content.get("pid")
    return Claim(
        at=reports.moment(at) if isinstance(at, int) else None,
        boot=boot if isinstance(boot, str) else "",
        pid=pid if isinstance(pid, int) else None,
    )


def _report(path: Path) -> ExitReport | None:
    text = _read(path)
    if text is None:
        return None
    try:
        return reports.exit_report(_object(text))
    except ValueError:
        return None


def _read(path: Path, most: int = -1) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except FileNotFoundError:
        return None


def _object(text: bytes) -> dict[str, object]:
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return cast("dict[str, object]", content) if isinstance(content, dict) else {}
