"""Large outputs as `.gz` files, readable with any tool, written and read piece by piece."""

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from engine.errors import Unavailable
from engine.model.identity import RunId

LEVEL = 6
_PIECE = 1 << 18


class OutputFiles:
    """Files in folders of a directory that is made when the first one comes. All is blocking."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, run_id: RunId, pieces: Iterable[bytes]) -> None:
        """Write a file, in the place of one that is there; it is on disk when this returns.

        Raises Unavailable.
        """
        file = self._file(run_id)
        new = file.with_suffix(".new")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as out:
                # No time in the header: equal outputs give equal files.
                with gzip.GzipFile("", "wb", LEVEL, out, mtime=0) as packed:
                    for piece in pieces:
                        packed.write(piece)
                out.flush()
                os.fsync(out.fileno())
            new.replace(file)
            _sync_directory(file.parent)
        except OSError as error:
            # What cannot be removed now is written over when it is tried again.
            with suppress(OSError):
                new.unlink()
            raise Unavailable(
                f"{file}: the output of run {run_id} cannot be kept: {error.strerror}. "
                "Free some space or make the directory writable; it is tried again."
            ) from error

    def read(self, run_id: RunId) -> Iterator[bytes] | None:
        """Return the content in pieces, None without a file. Both raise Unavailable."""
        file = self._file(run_id)
        if not file.exists():
            return None
        return _pieces(file, run_id)

    def remove(self, run_ids: Sequence[RunId]) -> None:
        for run_id in run_ids:
            self._file(run_id).unlink(missing_ok=True)

    def _file(self, run_id: RunId) -> Path:
        folder = blake2b(run_id.encode(), digest_size=1).hexdigest()
        return self._directory / folder / f"{run_id}.gz"


def _pieces(file: Path, run_id: RunId) -> Iterator[bytes]:
    try:
        with gzip.open(file, "rb") as packed:
            if file.stat().st_size == 0:
                raise EOFError("the file is empty")
            while piece := packed.read(_PIECE):
                yield piece
    except (OSError, EOFError, zlib.error) as error:
        raise Unavailable(
            f"{file}: the output of run {run_id} cannot be read: {error}. "
            "Bring the file back from a backup, or delete it to do without."
        ) from error


def _sync_directory(directory: Path) -> None:
    """Make a rename durable, as fsync(2) says under NOTES."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
