"""Turn the output of a command into lines: what people and logs can show.

Terminal escapes are taken out, whatever ends a line ends one, and only so much is kept.
"""

import codecs
import re
from collections.abc import Callable

KEPT_CHARACTERS = 16_000_000
"""Of each stream; what comes after it reaches `on_line` and is not kept."""

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_LINE_END = re.compile(r"\r\n|\n|\r")


class OutputLines:
    """Takes the chunks of one stream as they arrive."""

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._on_line = on_line
        self._open_line = ""
        self._kept: list[str] = []
        self._room = KEPT_CHARACTERS

    def feed(self, data: bytes, *, last: bool = False) -> None:
        *lines, self._open_line = _lines(self._open_line + self._decoder.decode(data, last))
        for line in lines:
            self._take(line)

    def finish(self) -> str:
        self.feed(b"", last=True)
        if self._open_line:
            self._take(self._open_line)
            self._open_line = ""
        return "\n".join(self._kept)

    def _take(self, line: str) -> None:
        clean = _ESCAPE.sub("", line)
        if self._room > 0:
            self._kept.append(clean)
            self._room -= len(clean) + 1
        if self._on_line is not None:
            self._on_line(clean)


def _lines(text: str) -> list[str]:
    # A carriage return at the very end may be the first half of CR LF: it stays
    # with the open line until the next chunk shows what follows.
    held = text[-1:] if text.endswith("\r") else ""
    parts = _LINE_END.split(text.removesuffix("\r"))
    parts[-1] += held
    return parts
