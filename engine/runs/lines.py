"""Put the output of a run together by lines, each with its stream and the time of its first byte.

The runner keeps what one read of a pipe gave, which begins and ends where it happens
to; a line that came in pieces, with the other stream in between, is one line here.
"""

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from engine.runs.output import Chunk, Source, View, chunks

LONGEST_LINE: Final = 1 << 20
"""Bytes, or somewhat more; a longer line comes in pieces, so that nobody has to hold all of it."""


class Line(NamedTuple):
    """A line of one stream; the streams' lines come in the order in which they were ended."""

    offset: int
    """Of its first byte."""
    at: datetime
    """When its first byte arrived."""
    stream: str
    data: bytes
    """With the line break, unless the run (or LONGEST_LINE) ended it without one."""

    @property
    def text(self) -> str:
        """The line without its break; what is not UTF-8 shows as U+FFFD."""
        return self.data.decode(errors="replace").removesuffix("\n").removesuffix("\r")


def lines(source: Source, offset: int = 0, view: View = "all") -> Iterator[Line]:
    """Yield the output from an offset on by lines, the last ones even if they are not ended."""
    joiner = LineJoiner()
    for chunk in chunks(source, offset, view):
        yield from joiner.feed(chunk)
    yield from joiner.flush()


def tail(source: Source, count: int, view: View = "all") -> list[Line]:
    """Return the last `count` lines."""
    return list(deque(lines(source, 0, view), maxlen=count))


class LineJoiner:
    """Puts lines together that arrive in pieces; each stream by itself."""

    def __init__(self) -> None:
        self._open: dict[str, _OpenLine] = {}

    def feed(self, chunk: Chunk) -> list[Line]:
        """Return the lines that a chunk ends. Before a notice, what is open ends unfinished."""
        stream = chunk.stream
        if stream == "notice":
            return [*self.flush(), Line(chunk.offset, chunk.at, stream, chunk.data)]
        *pieces, rest = chunk.data.split(b"\n")
        ended: list[Line] = []
        place = chunk.offset
        for piece in pieces:
            data = piece + b"\n"
            line = self._open.pop(stream, None)
            ended.append(line.ended(data) if line else Line(place, chunk.at, stream, data))
            place += len(data)
        if rest:
            line = self._open.setdefault(stream, _OpenLine(Line(place, chunk.at, stream, b"")))
            if line.grow(rest) >= LONGEST_LINE:
                ended.append(self._open.pop(stream).ended(b""))
        return ended

    def flush(self) -> list[Line]:
        """Return what is open, in the order in which it began."""
        rest = sorted(
            (line.ended(b"") for line in self._open.values()), key=lambda line: line.offset
        )
        self._open.clear()
        return rest


class _OpenLine:
    """A line whose end has not come; its parts are joined once, at the end."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._parts: list[bytes] = []
        self._size = 0

    def grow(self, data: bytes) -> int:
        """Take more of the line; returns its size so far."""
        self._parts.append(data)
        self._size += len(data)
        return self._size

    def ended(self, data: bytes) -> Line:
        return self._line._replace(data=b"".join((*self._parts, data)))
