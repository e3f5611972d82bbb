"""Output of a run as frames: what the bytes mean and how they are read, by both sides.

A frame is one read of a pipe: `<QBI` time in nanoseconds, stream and length, then
the bytes. Frames lie in segments named by the offset of their first byte,
`output-<offset>.frames`, where an offset counts the bytes that the run wrote to
stdout and stderr. A hole between two segments is output that was not kept, be it
for the limit or for a full disk, so nothing but the names has to tell of it.

The first segment is the run's claim as well: it is made with O_EXCL before anything starts,
so that a run takes no file more than its output does, and begins with frames that say who
made it. To a reader they are not there.

A reader shows a hole as one notice frame. Everything here tolerates a last frame
that is torn and a segment that vanishes while it is read; `framewriter` writes.
"""

import json
import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, cast

STDOUT = 1
STDERR = 2
NOTICE = 3
"""Text of the runner, which takes no room in the offsets."""
SKIPPED = 4
"""In packed bytes only: a hole, its length as u64. Readers get it as a notice."""
CLAIM = 5
"""In the first segment only, before all output: JSON about who started the run."""

HEADER = struct.Struct("<QBI")
_LENGTH = struct.Struct("<Q")
LONGEST = 1 << 24
"""Bytes in one frame; a longer one is damage (what a power cut leaves behind)."""
_CHUNK = 1 << 16


class Frame(NamedTuple):
    """A piece of output, or a notice."""

    offset: int
    """Of its first byte in the run's output; of a notice, of what follows it or of the hole."""
    at_ns: int
    stream: int
    data: bytes
    skipped: int = 0
    """Bytes of output that a notice stands for."""

    @property
    def end(self) -> int:
        """Offset of what follows."""
        return self.offset + (self.skipped if self.stream == NOTICE else len(self.data))


def segment_name(offset: int) -> str:
    return f"output-{offset:020d}.frames"


def segments(directory: Path) -> list[int]:
    """Return the first offsets of a run's segments in order; none when it has no output."""
    try:
        names = os.listdir(directory)  # noqa: PTH208 - names only, on every look of a follower
    except FileNotFoundError:
        return []
    return sorted(int(name[7:-7]) for name in names if is_segment(name))


def claim_frame(content: Mapping[str, object], at_ns: int) -> bytes:
    """Return what the first segment begins with; a later frame adds to the ones before."""
    data = json.dumps(content).encode()
    return HEADER.pack(at_ns, CLAIM, len(data)) + data


def claim_in(data: bytes) -> dict[str, object]:
    """Return what the claim frames at the start of a segment say, as far as they are whole."""
    found: dict[str, object] = {}
    place = 0
    while place + HEADER.size <= len(data):
        at_ns, stream, length = HEADER.unpack_from(data, place)
        start, place = place + HEADER.size, place + HEADER.size + length
        if stream != CLAIM or place > len(data):
            break
        with suppress(ValueError):
            content: object = json.loads(data[start:place])
            if isinstance(content, dict):
                found = {"at_ns": at_ns, **found, **cast("dict[str, object]", content)}
    return found


def is_segment(name: str) -> bool:
    """Say whether a file of a run's directory holds output."""
    return name.startswith("output-") and name.endswith(".frames") and name[7:-7].isdigit()


def hole(offset: int, length: int, at_ns: int) -> Frame:
    """Return the notice that stands for output that was not kept."""
    return Frame(offset, at_ns, NOTICE, f"… {length:,} bytes cut …\n".encode(), length)


def parse(data: bytes, offset: int = 0) -> Iterator[Frame]:
    """Return the frames of packed bytes or of a segment; stops at a torn or damaged end.

    `offset` is that of the first frame.
    """
    starts = range(0, len(data), _CHUNK)
    return parse_pieces((data[start : start + _CHUNK] for start in starts), offset)


def parse_pieces(pieces: Iterable[bytes], offset: int = 0) -> Iterator[Frame]:
    """Return the frames of bytes that come in pieces, which may part a frame, as `parse` does.

    What is parsed at once is little: as frames, bytes take many times their room.
    """
    rest = b""
    for piece in pieces:
        rest += piece
        frames, used = _parse(memoryview(rest), offset)
        yield from frames
        if frames:
            offset = frames[-1].end
        rest = rest[used:]
        if len(rest) > LONGEST + HEADER.size:
            return


def since(frames: Iterable[Frame], offset: int) -> Iterator[Frame]:
    """Yield the frames from an offset on, the first one shortened, with a notice for each hole."""
    for frame in frames:
        if frame.offset < offset:
            if frame.end <= offset:
                continue
            frame = _rest(frame, offset)
        elif frame.offset > offset:
            yield hole(offset, frame.offset - offset, frame.at_ns)
        yield frame
        offset = frame.end


def pack(frames: Iterable[Frame]) -> bytes:
    """Return frames as one byte string from which `parse` makes the same frames again."""
    packed = bytearray()
    for frame in frames:
        if frame.skipped:
            packed += HEADER.pack(frame.at_ns, SKIPPED, _LENGTH.size) + _LENGTH.pack(frame.skipped)
        else:
            packed += HEADER.pack(frame.at_ns, frame.stream, len(frame.data)) + frame.data
    return bytes(packed)


def read_frames(directory: Path, offset: int = 0) -> Iterator[Frame]:
    """Yield the output of a run, live or finished, from an offset to what is there now."""
    reader = FrameReader(directory, offset)
    while batch := reader.read():
        yield from batch


class Place(NamedTuple):
    """Where a reader stands, so that another can go on there without a file kept open."""

    segment: int
    byte: int
    """In the segment's file."""
    at: int
    """The output's offset at that byte."""
    offset: int
    """Of the next byte to be returned."""


class FrameReader:
    """Follows the output of one run; keeps its place, so each look costs what is new."""

    def __init__(self, directory: Path, offset: int = 0) -> None:
        self.directory = directory
        self.offset = offset
        """Of the next byte to be returned."""
        self._segment = -1
        """The one being read, or the last that was."""
        self._fd = -1
        self._place = 0
        self._at = 0

    @classmethod
    def at(cls, directory: Path, place: Place) -> "FrameReader":
        """Go on where another reader stood; its segment may have gone since."""
        reader = cls(directory, place.offset)
        reader._open(place.segment)
        if reader._fd >= 0:
            reader._place, reader._at = place.byte, place.at
        return reader

    @property
    def place(self) -> Place:
        return Place(self._segment, self._place, self._at, self.offset)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the file that is being read."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def read(self) -> list[Frame]:
        """Return what is new, about 64 KB of it or one frame; an empty list when nothing is."""
        while True:
            # The listing comes first: a later segment in it proves that the present one is whole.
            later = [start for start in segments(self.directory) if start > self._segment]
            if self._fd >= 0:
                if found := self._read_segment():
                    return found
                if later:
                    self.close()
            if self._fd < 0:
                if not later:
                    return []
                self._open(_holding(later, self.offset))
            elif not later:
                return []

    def _open(self, start: int) -> None:
        try:
            self._fd = os.open(self.directory / segment_name(start), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        self._segment, self._place, self._at = start, 0, start

    def _read_segment(self) -> list[Frame]:
        while frames := self._next_frames():
            wanted = list(since(frames, self.offset))
            if wanted:
                self.offset = wanted[-1].end
                return wanted
        return []

    def _next_frames(self) -> list[Frame]:
        wanted = _CHUNK
        while True:
            data = os.pread(self._fd, wanted, self._place)
            frames, used = _parse(memoryview(data), self._at)
            if frames or len(data) < wanted or wanted > LONGEST:
                break
            wanted *= 8
        self._place += used
        if frames:
            self._at = frames[-1].end
        return frames


def _holding(starts: list[int], offset: int) -> int:
    """Return the segment that holds the offset, else the first after it."""
    return max((start for start in starts if start <= offset), default=starts[0])


def _parse(view: memoryview, offset: int) -> tuple[list[Frame], int]:
    """Return the whole frames and how many bytes they take."""
    frames: list[Frame] = []
    place = 0
    while place + HEADER.size <= len(view):
        at_ns, stream, length = HEADER.unpack_from(view, place)
        end = place + HEADER.size + length
        if not STDOUT <= stream <= CLAIM or length > LONGEST or end > len(view):
            break
        if stream == CLAIM:
            place = end
            continue
        data = bytes(view[place + HEADER.size : end])
        frame = _frame(offset, at_ns, stream, data)
        frames.append(frame)
        offset, place = frame.end, end
    return frames, place


def _rest(frame: Frame, offset: int) -> Frame:
    if frame.skipped:
        return hole(offset, frame.end - offset, frame.at_ns)
    return frame._replace(offset=offset, data=frame.data[offset - frame.offset :])


def _frame(offset: int, at_ns: int, stream: int, data: bytes) -> Frame:
    if stream == SKIPPED and len(data) == _LENGTH.size:
        return hole(offset, _LENGTH.unpack(data)[0], at_ns)
    return Frame(offset, at_ns, stream, data)
