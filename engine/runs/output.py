"""Read the output of a run, the same way while it runs and long after.

A source is the run's directory, where the runner's frame files grow, or the packed
bytes that the archive keeps of a finished run, whole or in pieces. Offsets count the
bytes that the run wrote to both streams together, kept or not, so an offset means the
same in both, in every view, and after a reconnect.

Output that was not kept shows as a notice in every view, that of one stream too:
whoever reads half an output has to know it.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple

from engine.runner import frames
from engine.runs import reports

Source = Path | bytes | Iterator[bytes]
View = Literal["stdout", "stderr", "all"]

LARGEST_END: Final = 1 << 20
"""Bytes at the beginning of a stream, and as many at its end, in which a search looks."""

_NAMES: Final = {frames.STDOUT: "stdout", frames.STDERR: "stderr", frames.NOTICE: "notice"}


class Chunk(NamedTuple):
    """Bytes as the run wrote them at one moment."""

    offset: int
    end: int
    """Where to go on: the offset of what follows."""
    at: datetime
    stream: str
    """`stdout`, `stderr`, or `notice` for a text of the runner about bytes that are missing."""
    data: bytes


class Slice(NamedTuple):
    """A piece of the output."""

    data: bytes
    next_offset: int
    """Ask on from here; equal to the offset asked for when there is nothing new."""
    more: bool
    """There is more already, left out because of the limit."""


def chunks(source: Source, offset: int = 0, view: View = "all") -> Iterator[Chunk]:
    """Yield the output from an offset on to what is there now."""
    for frame in _frames(source, offset):
        chunk = _chunk(frame)
        if shows(view, chunk.stream):
            yield chunk


def read(source: Source, *, offset: int = 0, view: View = "all", limit: int = 1 << 20) -> Slice:
    """Return at most `limit` bytes of the output from an offset on, byte for byte.

    A notice is given whole even where it exceeds the limit. With one stream's view
    the offsets still count both, so `next_offset` grows by what was left out too.
    """
    parts: list[bytes] = []
    room, place = limit, offset
    for frame in _frames(source, offset):
        chunk = _chunk(frame)
        if shows(view, chunk.stream):
            if room <= 0:
                return Slice(b"".join(parts), place, more=True)
            if len(chunk.data) > room and chunk.stream != "notice":
                parts.append(chunk.data[:room])
                return Slice(b"".join(parts), chunk.offset + room, more=True)
            parts.append(chunk.data)
            room -= len(chunk.data)
        place = chunk.end
    return Slice(b"".join(parts), place, more=False)


def searchable(source: Source) -> str:
    """Return the text that a search looks through: all of stdout, then all of stderr.

    Apart from one another, so that no word is torn where the other stream came between. Of
    a stream of more than twice LARGEST_END bytes, only the beginning and the end.
    """
    streams = {"stdout": _Ends(), "stderr": _Ends()}
    for chunk in chunks(source):
        if chunk.stream in streams:
            streams[chunk.stream].add(chunk.data)
    return "\n".join(text for ends in streams.values() if (text := ends.text()))


class _Ends:
    """Keeps the beginning and the end of a stream; it may be larger than the memory."""

    def __init__(self) -> None:
        self._first = bytearray()
        self._last = bytearray()
        self._left_out = False

    def add(self, data: bytes) -> None:
        room = LARGEST_END - len(self._first)
        self._first += data[:room]
        self._last += data[room:]
        if len(self._last) >= 2 * LARGEST_END:
            self._trim()

    def text(self) -> str:
        self._trim()
        middle = b"\n" if self._left_out else b""
        return (self._first + middle + self._last).decode(errors="replace")

    def _trim(self) -> None:
        if len(self._last) > LARGEST_END:
            del self._last[:-LARGEST_END]
            self._left_out = True


class Follower:
    """Follows a live run's output; each look costs what is new."""

    def __init__(self, directory: Path, start: int | frames.Place = 0) -> None:
        """Begin at an offset, or where another Follower stood."""
        self._reader = (
            frames.FrameReader(directory, start)
            if isinstance(start, int)
            else frames.FrameReader.at(directory, start)
        )

    @property
    def place(self) -> frames.Place:
        """Where it stands; another one can go on there."""
        return self._reader.place

    @property
    def offset(self) -> int:
        """Of the next byte; enough to go on with another Follower after a reconnect."""
        return self._reader.offset

    def read(self) -> list[Chunk]:
        """Return what is new, about 64 KB at most; an empty list when nothing is."""
        return [_chunk(frame) for frame in self._reader.read()]

    def close(self) -> None:
        self._reader.close()


def _frames(source: Source, offset: int) -> Iterator[frames.Frame]:
    if isinstance(source, Path):
        return frames.read_frames(source, offset)
    if isinstance(source, bytes):
        return frames.since(frames.parse(source), offset)
    return frames.since(frames.parse_pieces(source), offset)


def _chunk(frame: frames.Frame) -> Chunk:
    name = _NAMES[frame.stream]
    return Chunk(frame.offset, frame.end, reports.moment(frame.at_ns), name, frame.data)


def shows(view: View, stream: str) -> bool:
    """Say whether a view has a stream in it; notices are in all of them."""
    return view in ("all", stream) or stream == "notice"
