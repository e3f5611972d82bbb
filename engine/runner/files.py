"""The small files of a run's directory: its claim, and the report of its end.

A report is written so that a power cut leaves all of it or nothing. Syncing is what costs
there, up to several milliseconds on a busy disk, so it is done for all reports of a batch
together: one commit of the file system's journal serves them all.
"""

import errno
import json
import os
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from engine.runner.frames import claim_frame
from engine.runner.protocol import CLAIM_NAME, EXIT_NAME
from engine.runner.spares import Spares

_EXCLUSIVE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC


class Claim:
    """The right to start a run, taken by creating a file that nobody else created."""

    def __init__(
        self, directory: Path, content: Mapping[str, object], spares: Spares | None = None
    ) -> None:
        """Take it. Raises FileExistsError when somebody did before, OSError if it can't be had."""
        frame = claim_frame(content, time.time_ns())
        fd = spares.claim(directory, partial(_append, frame)) if spares is not None else None
        self.size = len(frame)
        if fd is not None:
            self.fd = fd
            return
        _make(directory)
        self.fd = os.open(f"{directory}/{CLAIM_NAME}", _EXCLUSIVE, 0o600)
        try:
            _append(frame, self.fd)
        except OSError:
            self.close()
            raise

    def note(self, pid: int) -> None:
        """Add the pid, for people."""
        frame = claim_frame({"pid": pid}, time.time_ns())
        try:
            _append(frame, self.fd)
        except OSError:
            # Half a frame would swallow some of the output that follows.
            with suppress(OSError):
                os.ftruncate(self.fd, self.size)
        else:
            self.size += len(frame)

    def close(self) -> None:
        """Let go of the file, where no output is to follow in it."""
        os.close(self.fd)


def _append(frame: bytes, fd: int) -> None:
    """Write a frame; one of which the disk takes a part is an OSError too."""
    if os.write(fd, frame) != len(frame):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _make(directory: Path) -> None:
    try:
        os.mkdir(directory)  # noqa: PTH102 - for each run, and nearly always all it takes
    except FileExistsError:
        return
    except FileNotFoundError:
        directory.mkdir(parents=True, exist_ok=True)


def write_reports(reports: Mapping[Path, Mapping[str, object]]) -> dict[Path, OSError]:
    """Write the exit reports of runs into their directories, where each appears by rename.

    Returns what went wrong, by directory. One that is gone is not wrong: the engine has it all
    on record.
    """
    errors: dict[Path, OSError] = {}
    written: list[tuple[Path, int]] = []
    for directory, report in reports.items():
        with _gathered(errors, directory):
            written.append((directory, _write_part(directory, report)))
    for directory, fd in written:
        with _gathered(errors, directory):
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
            _part(directory).replace(directory / EXIT_NAME)
    return errors


@contextmanager
def _gathered(errors: dict[Path, OSError], directory: Path) -> Generator[None]:
    try:
        yield
    except FileNotFoundError:
        return
    except OSError as error:
        errors[directory] = error


def _write_part(directory: Path, report: Mapping[str, object]) -> int:
    fd = os.open(_part(directory), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    content = json.dumps(report).encode() + b"\n"
    try:
        if os.write(fd, content) != len(content):
            raise OSError(f"{_part(directory)}: the disk is full")
    except OSError:
        os.close(fd)
        raise
    return fd


def _part(directory: Path) -> Path:
    return directory / f"{EXIT_NAME}.part"
