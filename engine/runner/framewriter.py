"""Write the output of one run, keeping its first and its last half byte for byte.

Frames are appended to segments; when the limit is passed, the oldest segment
after the first half is removed, so a run that writes for days takes the limit
and one segment more on the disk. `close` cuts that to exactly the last half.

A disk that is full costs output, never the run: what could not be written counts
as cut, the segment is closed, and a new one is tried with the next frame.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from engine.runner.frames import HEADER, segment_name

_SMALLEST = 1 << 18
_LARGEST = 1 << 22

_CHUNK = 1 << 16


class Begun(Protocol):
    """An open segment."""

    fd: int
    size: int
    """Bytes in it."""


class FrameWriter:
    """Appends frames; `total` counts all bytes of output, `cut` those that are not kept."""

    def __init__(
        self, directory: Path, limit: int | None = None, begun: Begun | None = None
    ) -> None:
        """`begun` is the first segment, if it is there already; the writer closes it."""
        self.total = 0
        self._directory = directory
        self._half = None if limit is None else max(limit, 2) // 2
        self._size = _LARGEST if limit is None else min(max(limit // 4, _SMALLEST), _LARGEST)
        self._head: list[list[int]] = []
        self._tail: list[list[int]] = []
        """Offset and kept bytes of each segment: the first half, and what came after it."""
        self._tail_bytes = 0
        self._fd = -1
        self._file_size = 0
        self._begun = begun is not None
        if begun is not None:
            self._fd, self._file_size = begun.fd, begun.size
            self._head.append([0, 0])

    @property
    def cut(self) -> int:
        """Bytes of output that are not kept."""
        return self.total - sum(kept for _, kept in self._head) - self._tail_bytes

    def write(self, at_ns: int, stream: int, data: memoryview) -> None:
        """Append one frame of 1 to LONGEST bytes; never raises for the disk's sake."""
        room = len(data) if self._half is None else self._half - self.total
        if 0 < room < len(data):
            self._append(at_ns, stream, data[:room])
            data = data[room:]
        self._append(at_ns, stream, data)

    def close(self) -> None:
        """End the output: the last half is cut to its exact size."""
        self._end_segment()
        if self._half is None:
            return
        wanted = self.total - self._half
        while self._tail and sum(self._tail[0]) <= wanted:
            self._drop_oldest()
        if self._tail and self._tail[0][0] < wanted:
            self._shorten(wanted)

    def _append(self, at_ns: int, stream: int, data: memoryview) -> None:
        offset, self.total = self.total, self.total + len(data)
        if self._fd >= 0 and (self._file_size >= self._size or offset == self._half):
            self._end_segment()
        if self._fd < 0 and not self._begin_segment(offset):
            return
        header = HEADER.pack(at_ns, stream, len(data))
        wanted = len(header) + len(data)
        try:
            whole = os.writev(self._fd, (header, data)) == wanted
        except OSError:
            whole = False
        if whole:
            self._count(len(data))
            self._file_size += wanted
        else:
            self._give_up()

    def _begin_segment(self, offset: int) -> bool:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        try:
            self._fd = os.open(self._directory / segment_name(offset), flags, 0o600)
        except OSError:
            return False
        self._file_size = 0
        (self._tail if self._in_tail(offset) else self._head).append([offset, 0])
        while self._half and self._tail and self._tail_bytes - self._tail[0][1] >= self._half:
            self._drop_oldest()
        return True

    def _in_tail(self, offset: int) -> bool:
        return self._half is not None and offset >= self._half

    def _count(self, length: int) -> None:
        if self._tail:
            self._tail[-1][1] += length
            self._tail_bytes += length
        else:
            self._head[-1][1] += length

    def _give_up(self) -> None:
        """Take back what was written of a frame; a segment without a byte in it goes too.

        But for the one that was there before: it says more than output.
        """
        written = self._tail or self._head
        with suppress(OSError):
            os.ftruncate(self._fd, self._file_size)
        self._end_segment()
        offset, kept = written[-1]
        if not kept and not (self._begun and offset == 0):
            written.pop()
            self._remove(offset)

    def _end_segment(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _drop_oldest(self) -> None:
        offset, kept = self._tail.pop(0)
        self._tail_bytes -= kept
        self._remove(offset)

    def _remove(self, offset: int) -> None:
        with suppress(OSError):
            (self._directory / segment_name(offset)).unlink(missing_ok=True)

    def _shorten(self, wanted: int) -> None:
        """Replace the oldest tail segment by its part from `wanted` on.

        The new file comes before the old one goes, so a follower misses nothing;
        when there is no room for it, somewhat more than the last half stays.
        """
        offset, kept = self._tail[0]
        old = self._directory / segment_name(offset)
        new = self._directory / segment_name(wanted)
        part = new.with_suffix(".part")
        try:
            _copy_from(old, part, wanted - offset)
            part.rename(new)
            old.unlink()
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            return
        self._tail[0] = [wanted, kept - (wanted - offset)]
        self._tail_bytes -= wanted - offset


def _copy_from(old: Path, new: Path, skip: int) -> None:
    """Copy a segment without its first bytes of output, in small pieces. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with old.open("rb") as source, os.fdopen(os.open(new, flags, 0o600), "wb") as target:
        while header := source.read(HEADER.size):
            at_ns, stream, length = HEADER.unpack(header)
            if length > skip:
                source.seek(skip, os.SEEK_CUR)
                target.write(HEADER.pack(at_ns, stream, length - skip))
                break
            source.seek(length, os.SEEK_CUR)
            skip -= length
        while piece := source.read(_CHUNK):
            target.write(piece)
