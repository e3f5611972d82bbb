"""Output of finished runs: compressed, kept in one place, searchable.

Small outputs, nearly all, are blobs in a database of their own, `logs.db`: a file
each would take a 4 KB block to keep 600 bytes. Large ones are `.gz` files, readable
with any tool, so that the database stays small. The indexed text is kept beside
the frames, since the index forgets a text only if it is told it again; packed as
one stream it costs a tenth to a fifth, being almost a repetition of the frames.
"""

import asyncio
import gzip
import os
import sqlite3
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from engine.errors import InvalidInput, Unavailable
from engine.model.identity import RunId
from engine.store.database import Database
from engine.store.failures import damaged
from engine.store.words import Search, contains_all, indexed_part, search_for

LARGEST_BLOB = 256 * 1024
"""Packed bytes; above it the frames go to a file."""

_WORTH_A_THREAD = 32 * 1024
"""Bytes; packing fewer takes less than handing them over."""

_LEVEL = 6

_KNOWN = "SELECT 1 FROM outputs WHERE run_id = ?"
_INSERT = "INSERT OR IGNORE INTO outputs (run_id, frames_size, packed) VALUES (?, ?, ?)"
_INDEX = "INSERT INTO words (rowid, text) VALUES (?, ?)"
_UNINDEX = "INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)"
_GET = "SELECT position, frames_size, packed FROM outputs WHERE run_id = ?"
_DELETE = "DELETE FROM outputs WHERE position = ?"
_MATCHES = "SELECT rowid FROM words WHERE words MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"
_FOUND = "SELECT run_id, frames_size, packed FROM outputs WHERE position = ?"
_AFTER_ALL = 2**63 - 1


@dataclass(frozen=True, slots=True)
class _Packed:
    frames_size: int | None
    """None: the frames are in a file."""
    packed: bytes
    text: str


class SqliteOutputArchive:
    """Implements ports.OutputArchive, and OutputSearch for the store of runs."""

    def __init__(self, database: Database, directory: Path) -> None:
        """`directory` takes the large outputs; it is made when the first one comes."""
        self._database = database
        self._directory = directory

    async def keep(self, run_id: RunId, frames: bytes, text: str) -> None:
        """Store a finished run's frame bytes, and `text` for the search.

        On disk when this returns, so the original can go. A second time changes nothing.
        Raises Unavailable.
        """
        if self._knows(run_id):
            return
        if len(frames) + len(text) < _WORTH_A_THREAD:
            kept = _pack(frames, text)
        else:
            kept = await asyncio.to_thread(self._pack_large, run_id, frames, text)

        def write(connection: sqlite3.Connection) -> None:
            inserted = connection.execute(_INSERT, (run_id, kept.frames_size, kept.packed))
            if inserted.rowcount:
                connection.execute(_INDEX, (inserted.lastrowid, kept.text))

        await self._database.write(write, durable=True)

    def frames(self, run_id: RunId) -> bytes | None:
        """Return the frame bytes, None when there are none. Raises Unavailable when unreadable."""
        row = self._database.read(lambda connection: connection.execute(_GET, (run_id,)).fetchone())
        if row is None:
            return None
        _, frames_size, packed = row
        if frames_size is None:
            return self._read_file(run_id)
        try:
            return zlib.decompress(packed)[:frames_size]
        except zlib.error as error:
            raise damaged(self._database.path, f"output of run {run_id}: {error}") from error

    async def delete(self, run_ids: Sequence[RunId]) -> None:
        """Forget outputs, and their words; ids that are not there are passed over."""

        def write(connection: sqlite3.Connection) -> None:
            for run_id in run_ids:
                row = connection.execute(_GET, (run_id,)).fetchone()
                if row is not None:
                    position, frames_size, packed = row
                    connection.execute(_UNINDEX, (position, _text(frames_size, packed)))
                    connection.execute(_DELETE, (position,))

        await self._database.write(write, durable=False)
        # After the rows: a row without its file would be an output that cannot be read.
        await asyncio.to_thread(self._remove_files, run_ids)

    def matches(
        self, words: str, *, before: int | None, limit: int
    ) -> tuple[Sequence[tuple[int, RunId]], int | None]:
        """Return (position, run) of up to `limit` matches, the last to finish first.

        The second value is where to go on, None when all has been seen.
        Raises InvalidInput when there is no word in `words`.
        """
        search = search_for(words)
        start = _AFTER_ALL if before is None else before
        try:
            return self._database.read(
                lambda connection: _matches(connection, search, start, limit)
            )
        except sqlite3.OperationalError as error:
            # Letters younger than the index's tables part a word there and not here.
            raise InvalidInput(
                f"search for {words[:60]!r}: a word has a letter that cannot be searched ({error})"
            ) from error

    def search(self, words: str, *, limit: int) -> Sequence[RunId]:
        """Return the runs whose output contains all words, the last to finish first."""
        found: list[RunId] = []
        position: int | None = None
        while len(found) < limit:
            some, position = self.matches(words, before=position, limit=limit)
            found += [run_id for _, run_id in some]
            if position is None:
                break
        return found[:limit]

    def _knows(self, run_id: RunId) -> bool:
        return self._database.read(
            lambda connection: connection.execute(_KNOWN, (run_id,)).fetchone() is not None
        )

    def _pack_large(self, run_id: RunId, frames: bytes, text: str) -> _Packed:
        kept = _pack(frames, text)
        if len(kept.packed) <= LARGEST_BLOB:
            return kept
        self._write_file(run_id, frames)
        return _Packed(None, zlib.compress(kept.text.encode(), _LEVEL), kept.text)

    def _file(self, run_id: RunId) -> Path:
        folder = blake2b(run_id.encode(), digest_size=1).hexdigest()
        return self._directory / folder / f"{run_id}.gz"

    def _write_file(self, run_id: RunId, frames: bytes) -> None:
        file = self._file(run_id)
        new = file.with_suffix(".new")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as out:
                # No time in the header: equal outputs give equal files.
                out.write(gzip.compress(frames, _LEVEL, mtime=0))
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

    def _read_file(self, run_id: RunId) -> bytes | None:
        file = self._file(run_id)
        try:
            content = file.read_bytes()
            if not content:
                raise EOFError("the file is empty")
            return gzip.decompress(content)
        except FileNotFoundError:
            return None
        except (OSError, EOFError, zlib.error) as error:
            raise Unavailable(
                f"{file}: the output of run {run_id} cannot be read: {error}. "
                "Bring the file back from a backup, or delete it to do without."
            ) from error

    def _remove_files(self, run_ids: Sequence[RunId]) -> None:
        for run_id in run_ids:
            self._file(run_id).unlink(missing_ok=True)


def _pack(frames: bytes, text: str) -> _Packed:
    encoded = indexed_part(text).encode(errors="replace")
    # Lone surrogates are gone now: the index must be told to forget what it was told to learn.
    return _Packed(len(frames), zlib.compress(frames + encoded, _LEVEL), encoded.decode())


def _text(frames_size: int | None, packed: bytes) -> str:
    return zlib.decompress(packed)[frames_size or 0 :].decode()


def _matches(
    connection: sqlite3.Connection, search: Search, start: int, limit: int
) -> tuple[Sequence[tuple[int, RunId]], int | None]:
    rows = connection.execute(_MATCHES, (search.expression, start, limit)).fetchall()
    positions = [position for (position,) in rows]
    found: list[tuple[int, RunId]] = []
    for position in positions:
        row = connection.execute(_FOUND, (position,)).fetchone()
        if row is None:
            continue
        run_id, frames_size, packed = row
        if not search.literals or contains_all(_text(frames_size, packed), search.literals):
            found.append((position, run_id))
    return found, positions[-1] if len(positions) == limit else None


def _sync_directory(directory: Path) -> None:
    """Make a rename durable, as fsync(2) says under NOTES."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
