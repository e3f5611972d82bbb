"""Cut what a run wrote into pieces that can be sent as text one by one.

A piece ends between two characters: the bytes of one that is not complete yet are left
for the next piece, so that decoding piece by piece gives the text that decoding all of
it would give, and an offset between two pieces is where a character begins. Bytes that
can be no part of a character are replaced while decoding, and held back by nobody.
"""

from codecs import utf_8_decode
from typing import Final, NamedTuple

from engine.runs.output import Chunk, View, shows

SIZE: Final = 1 << 16
"""Bytes of a piece at most, but for a notice, which is given whole."""
_LONGEST_BEGINNING: Final = 3
"""Bytes of a character in UTF-8 that lacks only its last one."""
_FIRST_BYTE: Final = 0xC0
"""From here on, a byte begins a character of several (RFC 3629 §3)."""


class Piece(NamedTuple):
    """A part of one view of the output."""

    offset: int
    next_offset: int
    """Where the next piece begins; counts both streams, whichever is in view."""
    data: bytes
    """Empty where the view has nothing between the offsets."""
    last: bool = False
    """The run is over and nothing follows."""


class Cutter:
    """Takes the chunks of one run in order and gives pieces."""

    def __init__(self, start: int, view: View, size: int = SIZE) -> None:
        self.start = start
        """Where the next piece begins."""
        self._view: View = view
        self._size = size
        self._end = start
        self._spans: list[tuple[int, bytes]] = []
        """What is in view of the next piece, each part with its offset."""
        self._length = 0

    def add(self, chunk: Chunk) -> list[Piece]:
        """Return the pieces that a chunk completes."""
        if not shows(self._view, chunk.stream):
            self._end = chunk.end
            return []
        if chunk.stream == "notice":
            made = self.rest() if self._length + len(chunk.data) > self._size else []
            self._append(chunk.offset, chunk.data)
        else:
            made = self._append_in_pieces(chunk)
        self._end = chunk.end
        return made

    def rest(self, *, last: bool = False) -> list[Piece]:
        """Return what can be given now; with `last` all of it, as nothing will follow."""
        piece = self._cut(last=last)
        return [] if piece is None else [piece]

    def _append_in_pieces(self, chunk: Chunk) -> list[Piece]:
        made: list[Piece] = []
        place = 0
        while place < len(chunk.data):
            if self._length >= self._size:
                made += self.rest()
            part = chunk.data[place : place + max(self._size - self._length, 1)]
            self._append(chunk.offset + place, part)
            place += len(part)
            self._end = chunk.offset + place
        return made

    def _append(self, offset: int, data: bytes) -> None:
        self._spans.append((offset, data))
        self._length += len(data)

    def _cut(self, *, last: bool) -> Piece | None:
        data = b"".join(part for _, part in self._spans)
        held = 0 if last else unfinished(data)
        if not last and held == len(data) and (held or self._end == self.start):
            return None
        kept = self._last_bytes(held)
        end = kept[0][0] if kept else self._end
        piece = Piece(self.start, end, data[: len(data) - held], last)
        self.start, self._spans, self._length = end, kept, held
        return piece

    def _last_bytes(self, count: int) -> list[tuple[int, bytes]]:
        """Return the parts that the last so many bytes in view are in."""
        found: list[tuple[int, bytes]] = []
        for offset, part in reversed(self._spans):
            if count <= 0:
                break
            taken = part[-count:]
            found.append((offset + len(part) - len(taken), taken))
            count -= len(taken)
        return found[::-1]


def unfinished(data: bytes) -> int:
    """Return how many bytes at the end are the beginning of a character in UTF-8, or 0."""
    for length in range(1, min(_LONGEST_BEGINNING, len(data)) + 1):
        if data[-length] >= _FIRST_BYTE:
            # The decoder takes nothing of what may still become a character.
            _, taken = utf_8_decode(data[-length:], "replace", False)  # noqa: FBT003
            return length - taken
    return 0
