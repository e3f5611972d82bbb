"""Find secrets in text in whatever form programs write them, and hide them.

A value is looked for as it is, line by line, in base64, in URLs, and as JSON and Python
write it in quotes. In base64 a value that is part of something longer, such as the
`user:password` of HTTP Basic, looks different for each of three places it may begin at, so
of each the characters that are the value's alone are hidden. The runner hides the same
forms in output, by the same rules (see `engine.runner.mask`).
"""

import json
from base64 import b64encode
from collections.abc import Collection, Iterator
from urllib.parse import quote, quote_plus

from engine.model.secret import SHORTEST_HIDDEN
from engine.runner.mask import masked

_SHORTEST_LINE = 8
"""Characters of a line that is hidden by itself: the last of a private key may be `=`."""
_SKIPPED = (0, 2, 3)
"""Characters of base64 at the start that also depend on what is before the value."""
_NOT_QUOTED_BY_JAVASCRIPT = "!'()*"
_ARMOUR = "-----"


def redact(text: str, values: Collection[str]) -> str:
    """Return text with `***` in the place of every form of the values."""
    if not values:
        return text
    patterns = [form.encode() for form in all_forms(values)]
    return masked(text.encode("utf-8", "surrogatepass"), patterns).decode("utf-8", "surrogatepass")


def all_forms(values: Collection[str]) -> tuple[str, ...]:
    """Return every form of the values, each once."""
    return tuple(dict.fromkeys(form for value in values for form in forms(value)))


def forms(value: str) -> tuple[str, ...]:
    """Return what a value may look like; nothing of one too short to be hidden."""
    if len(value.encode()) < SHORTEST_HIDDEN:
        return ()
    found = dict.fromkeys((*_plain(value), *_in_base64(value.encode()), *_quoted(value)))
    return tuple(form for form in found if len(form.encode()) >= SHORTEST_HIDDEN)


def _plain(value: str) -> Iterator[str]:
    yield value
    yield value.strip()
    lines = value.splitlines()
    if len(lines) > 1:
        for line in map(str.strip, lines):
            # The frame of a private key says nothing, and helps whoever reads the output.
            if len(line) >= _SHORTEST_LINE and not line.startswith(_ARMOUR):
                yield line


def _in_base64(data: bytes) -> Iterator[str]:
    for text in _base64_forms(data):
        yield text
        yield text.replace("+", "-").replace("/", "_")


def _base64_forms(data: bytes) -> Iterator[str]:
    yield b64encode(data).decode()
    for before, skipped in enumerate(_SKIPPED):
        whole = (8 * (before + len(data))) // 6
        yield b64encode(b"\0" * before + data).decode()[skipped:whole]


def _quoted(value: str) -> Iterator[str]:
    for text in (
        quote(value, safe=""),
        quote(value),
        quote(value, safe=_NOT_QUOTED_BY_JAVASCRIPT),
        quote_plus(value),
    ):
        yield text
        yield _lower_escapes(text)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]


def _lower_escapes(text: str) -> str:
    first, *rest = text.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])
