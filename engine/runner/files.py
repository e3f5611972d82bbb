"""The small files of a run's directory, written so that a power cut leaves all or nothing."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from engine.runner.protocol import CLAIM_NAME


def claim(directory: Path, content: Mapping[str, object]) -> bool:
    """Take the right to start a run: False when somebody took it before.

    On disk when this returns, so that not even a power cut makes a second start
    of it. Raises OSError when the directory can't be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        fd = os.open(directory / CLAIM_NAME, flags, 0o600)
    except FileExistsError:
        return False
    try:
        os.write(fd, _encode(content))
        os.fsync(fd)
    finally:
        os.close(fd)
    sync_directory(directory)
    sync_directory(directory.parent)
    return True


def replace(path: Path, content: Mapping[str, object], *, durable: bool) -> None:
    """Write a file by rename: readers see the old content or the new. Raises OSError."""
    part = path.with_name(path.name + ".part")
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, _encode(content))
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)
    part.replace(path)


def sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _encode(content: Mapping[str, object]) -> bytes:
    return json.dumps(content).encode() + b"\n"
