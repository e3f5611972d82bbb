"""Change parts of a text by their place, and leave every other character as it is."""

import re
from typing import Final

_OFF: Final = re.compile(r"#\s*(?:- |[A-Za-z_]\w*:(?:\s|$))")
"""A comment that is a key or an item somebody switched off: it is no remark about what follows."""
_SCHEMA: Final = "yaml-language-server"


class Text:
    """A text and the changes to it, which must not overlap."""

    def __init__(self, text: str, *, ends_alike: bool = True) -> None:
        """Change `text`; if `ends_alike`, its last line has a break only if it had one."""
        self.text = text
        self._ends_alike = ends_alike
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self._changes: list[tuple[int, int, str]] = []

    def replace(self, start: int, end: int, new: str) -> None:
        """Put something else in place of a part; what is put at one place keeps its order."""
        self._changes.append((start, end, new.replace("\n", self.newline)))

    def changed(self) -> str:
        """Return the text with all changes made. Raises ValueError when two overlap."""
        parts: list[str] = []
        at = 0
        for start, end, new in sorted(self._changes, key=lambda change: change[:2]):
            if start < at:
                raise ValueError("two changes overlap")
            parts += (self.text[at:start], new)
            at = end
        return "".join((*parts, self.text[at:]))

    def line_start(self, offset: int) -> int:
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Return where the line's break, or the text, ends it."""
        end = self.text.find("\n", offset)
        if end < 0:
            return len(self.text)
        return end - 1 if self.text[offset:end].endswith("\r") else end

    def next_line(self, offset: int) -> int:
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end + 1

    def begins_line(self, offset: int) -> bool:
        return not self.text[self.line_start(offset) : offset].strip()

    def ends_line(self, offset: int) -> bool:
        return not self.text[offset : self.line_end(offset)].strip()

    def with_remarks(self, offset: int) -> int:
        """Return the start of the line of an offset, or of the comments that belong to it.

        Those stand directly above it, as far in. What begins the file, or is a key that was
        switched off, belongs to nothing in particular.
        """
        start = first = self.line_start(offset)
        column = offset - start
        while first > 0:
            above = self.line_start(first - 1)
            line = self.text[above : self.line_end(above)]
            if len(line) - len(line.lstrip(" ")) != column or not _is_remark(line.strip()):
                return first
            first = above
        return start

    def cut_lines(self, start: int, last: int) -> None:
        """Take out whole lines, from the one that begins at `start` to the one with `last`."""
        end = self.next_line(last)
        if self._ends_alike and end == len(self.text) and not self.text.endswith("\n") and start:
            # The line that is the last one now ends the text as this one did.
            start = self.line_end(self.line_start(start - 1))
        self.replace(start, end, "")


def _is_remark(line: str) -> bool:
    return line.startswith("#") and _SCHEMA not in line and _OFF.match(line) is None


def indented(text: str, column: int) -> str:
    """Return a text with all lines but the first so much further in."""
    first, *others = text.split("\n")
    return "\n".join((first, *(" " * column + line if line else line for line in others)))
