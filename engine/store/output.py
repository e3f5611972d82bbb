"""Output of finished runs: compressed, kept in one place, searchable.

Small outputs, nearly all, are blobs in a database of their own, `logs.db`: a file
each would take a 4 KB block to keep 600 bytes. Large ones are `.gz` files, readable
with any tool, so that the database stays small. The indexed text is kept beside
the frames, since the index forgets a text only if it is told it again; packed as
one stream it costs a tenth to a fifth, being almost a repetition of the frames.
"""

import asyncio
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InvalidInput
from engine.model.identity import RunId
from engine.store.database import Database
from engine.store.failures import damaged
from engine.store.output_files import LEVEL, OutputFiles
from engine.store.words import Search, contains_all, indexed_part, search_for

LARGEST_BLOB = 256 * 1024
"""Packed bytes; above it the frames go to a file."""

_WORTH_A_THREAD = 32 * 1024
"""Bytes; packing fewer takes less than handing them over."""

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
        self._files = OutputFiles(directory)

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
        await self._insert(run_id, kept)

    async def keep_large(self, run_id: RunId, pieces: Iterable[bytes], text: str) -> None:
        """Store frame bytes as `keep` does, that are never in memory together.

        `pieces` is gone through in a thread. Raises Unavailable, and what `pieces` raises.
        """
        if not self._knows(run_id):
            await asyncio.to_thread(self._files.write, run_id, pieces)
            await self._insert(run_id, _without_frames(text))

    async def _insert(self, run_id: RunId, kept: _Packed) -> None:
        def write(connection: sqlite3.Connection) -> None:
            inserted = connection.execute(_INSERT, (run_id, kept.frames_size, kept.packed))
            if inserted.rowcount:
                connection.execute(_INDEX, (inserted.lastrowid, kept.text))

        await self._database.write(write, durable=True)

    def frames(self, run_id: RunId) -> bytes | None:
        """Return the frame bytes, None when there are none. Raises Unavailable when unreadable."""
        pieces = self.pieces(run_id)
        return None if pieces is None else b"".join(pieces)

    def pieces(self, run_id: RunId) -> Iterator[bytes] | None:
        """Return the frame bytes in pieces that need not be in memory together. As `frames`."""
        row = self._database.read(lambda connection: connection.execute(_GET, (run_id,)).fetchone())
        if row is None:
            return None
        _, frames_size, packed = row
        if frames_size is None:
            return self._files.read(run_id)
        try:
            return iter([zlib.decompress(packed)[:frames_size]])
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
        await asyncio.to_thread(self._files.remove, run_ids)

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
        self._files.write(run_id, (frames,))
        return _without_frames(kept.text)


def _pack(frames: bytes, text: str) -> _Packed:
    encoded = _indexed(text)
    return _Packed(len(frames), zlib.compress(frames + encoded, LEVEL), encoded.decode())


def _without_frames(text: str) -> _Packed:
    encoded = _indexed(text)
    return _Packed(None, zlib.compress(encoded, LEVEL), encoded.decode())


def _indexed(text: str) -> bytes:
    # Without lone surrogates: the index must be told to forget what it was told to learn.
    return indexed_part(text).encode(errors="replace")


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
