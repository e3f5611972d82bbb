"""Give the output of runs piece by piece to any number of followers, each at its own pace.

A follower asks for the piece at its offset when it can take one: nothing is queued for
it, so one that is slow, or is gone, costs no memory and holds nobody up. Those who stand
at the same place, as all do that keep up with a live run, share one read.

What is read of a live run is found in its frame files, which can only be read from their
beginning; so places are remembered. A run that is over is read through from one end to
the other, be it in the archive or where it was written, and a few such readers are kept.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from engine.model.identity import RunId
from engine.ports import OutputArchive
from engine.runner.frames import Place, segment_name
from engine.runs import output
from engine.runs.output import Chunk, Follower, View
from engine.runs.pieces import Cutter, Piece
from engine.runs.places import RunPlaces

MOST_BYTES: Final = 1 << 20
MOST_PIECES: Final = 1024
"""Of what was read last and may be asked for by others."""
MOST_PLACES: Final = 2048
MOST_READERS: Final = 4
"""Of runs that are over; a follower beyond these has its run read anew from the beginning."""
AT_ONCE: Final = 1 << 18
"""Bytes of a run that is over that one look gives."""
LITTLE: Final = 1 << 14
"""Bytes that are read faster than handed to a thread."""
MOST_THREADS: Final = 2
"""That read at once; the others have their turn, and other work of threads goes on."""


class _Key(NamedTuple):
    run: RunId
    view: View
    offset: int


class _Reader(NamedTuple):
    """Goes through the output of a run that is over."""

    chunks: Iterator[Chunk]
    cutter: Cutter
    archived: bool


class Feed:
    """To be used on one event loop."""

    def __init__(
        self, places: RunPlaces, archive: OutputArchive, is_over: Callable[[RunId], bool]
    ) -> None:
        """`is_over` says whether the end of a run is on record; raises NotFound."""
        self._directories = places
        self._archive = archive
        self._is_over = is_over
        self._pieces = _Remembered()
        self._places: OrderedDict[tuple[RunId, int], Place] = OrderedDict()
        self._readers: OrderedDict[_Key, _Reader] = OrderedDict()
        self._under_way: dict[_Key, asyncio.Task[Piece]] = {}
        self._threads = asyncio.Semaphore(MOST_THREADS)

    async def piece(self, run_id: RunId, offset: int, view: View) -> Piece:
        """Return what comes next of a run's output; one that is empty and not the last: wait.

        Its own offset is beyond the one asked for where the view has nothing in between.
        Raises NotFound and Unavailable.
        """
        while True:
            key = _Key(run_id, view, offset)
            piece = self._pieces.get(key) or await self._read_once(key)
            if piece.data or piece.last or piece.next_offset == offset:
                return piece
            offset = piece.next_offset

    async def _read_once(self, key: _Key) -> Piece:
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._read(key))
            task.add_done_callback(lambda done: self._read_is_done(key, done))
        # Shielded, because others may wait for the same.
        return await asyncio.shield(task)

    def _read_is_done(self, key: _Key, done: "asyncio.Task[Piece]") -> None:
        del self._under_way[key]
        if not done.cancelled():
            # Nobody may be left to hear of a failure.
            done.exception()

    async def _read(self, key: _Key) -> Piece:
        if not self._is_over(key.run):
            found = await self._read_live(key)
            # A run that ended meanwhile may have been cleared away under the look.
            if not self._is_over(key.run):
                return self._first_of(found, key)
        return self._first_of(await self._read_whole(key), key)

    def _first_of(self, found: list[Piece], key: _Key) -> Piece:
        for piece in found:
            self._pieces.put(_Key(key.run, key.view, piece.offset), piece)
        return found[0] if found else Piece(key.offset, key.offset, b"")

    # A run that goes on

    async def _read_live(self, key: _Key) -> list[Piece]:
        directory = self._directories.run(key.run)
        place = self._places.get((key.run, key.offset))
        if place is not None and _is_little(directory, place):
            found, end = _look(directory, key, place)
        else:
            async with self._threads:
                found, end = await asyncio.to_thread(_look, directory, key, place)
        if place is not None:
            for piece in found:
                self._remember(key.run, place._replace(offset=piece.next_offset))
        if found and found[-1].next_offset == end.offset:
            self._remember(key.run, end)
        return found

    def _remember(self, run_id: RunId, place: Place) -> None:
        self._places[run_id, place.offset] = place
        self._places.move_to_end((run_id, place.offset))
        while len(self._places) > MOST_PLACES:
            self._places.popitem(last=False)

    # A run that is over

    async def _read_whole(self, key: _Key) -> list[Piece]:
        """Go on with a reader that stands at the right place, else with a new one."""
        reader = self._readers.pop(key, None)
        async with self._threads:
            found, reader = await asyncio.to_thread(self._read_on, reader, key)
        if not found[-1].last:
            self._readers[_Key(key.run, key.view, reader.cutter.start)] = reader
            while len(self._readers) > MOST_READERS:
                self._readers.popitem(last=False)
        return found

    def _read_on(self, reader: _Reader | None, key: _Key) -> tuple[list[Piece], _Reader]:
        """Return some pieces and the reader that goes on behind them. Blocking."""
        if reader is None:
            packed = self._archive.pieces(key.run)
            reader = _reader(self._directories.run(key.run) if packed is None else packed, key)
        found = _take(reader)
        if not reader.archived:
            # If it was archived meanwhile, this may be of a half cleared directory.
            packed = self._archive.pieces(key.run)
            if packed is not None:
                reader = _reader(packed, key)
                found = _take(reader)
        return found, reader


def _reader(source: output.Source, key: _Key) -> _Reader:
    return _Reader(
        output.chunks(source, key.offset),
        Cutter(key.offset, key.view),
        archived=not isinstance(source, Path),
    )


def _take(reader: _Reader) -> list[Piece]:
    """Return some pieces, the last of all among them if the end is reached."""
    found: list[Piece] = []
    size = 0
    for chunk in reader.chunks:
        found += reader.cutter.add(chunk)
        size += len(chunk.data)
        if found and size >= AT_ONCE:
            return found
    return found + reader.cutter.rest(last=True)


def _look(directory: Path, key: _Key, place: Place | None) -> tuple[list[Piece], Place]:
    """Return what is new, with the place behind all that was read. Blocking."""
    follower = Follower(directory, key.offset if place is None else place)
    cutter = Cutter(key.offset, key.view)
    found: list[Piece] = []
    try:
        while not found and (chunks := follower.read()):
            for chunk in chunks:
                found += cutter.add(chunk)
            found += cutter.rest()
        return found, follower.place
    finally:
        follower.close()


def _is_little(directory: Path, place: Place) -> bool:
    try:
        size = (directory / segment_name(place.segment)).stat().st_size
    except OSError:
        return False
    return size - place.byte <= LITTLE


class _Remembered:
    """The pieces that were read last, within bounds."""

    def __init__(self) -> None:
        self._pieces: OrderedDict[_Key, Piece] = OrderedDict()
        self._bytes = 0

    def get(self, key: _Key) -> Piece | None:
        return self._pieces.get(key)

    def put(self, key: _Key, piece: Piece) -> None:
        before = self._pieces.pop(key, None)
        self._bytes += len(piece.data) - (len(before.data) if before else 0)
        self._pieces[key] = piece
        while self._bytes > MOST_BYTES or len(self._pieces) > MOST_PIECES:
            _, oldest = self._pieces.popitem(last=False)
            self._bytes -= len(oldest.data)
