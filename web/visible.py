r"""Text that others wrote, made harmless to look at: what a terminal obeys is shown as an escape.

A file's name or a caller's header may hold codes that repaint a terminal, set its title, or
have it answer as if typed (CVE-2003-0063 and its many kin), and characters that turn the
direction of writing, so that a line reads as another. They are shown as `\x1b`, so that
nobody has to guess what was there.
"""

import re

_OBEYED = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f"
    "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""C0 but tabs, DEL, C1, what ends lines, marks of direction, and halves of characters."""


def visible(text: str) -> str:
    """Return the text in one line with nothing in it that a terminal obeys."""
    return _OBEYED.sub(_escape, text)


def visible_lines(text: str) -> str:
    """Do the same and keep the ends of lines, for text of our own that has some."""
    return "\n".join(map(visible, text.split("\n")))


def visible_json(line: str) -> str:
    """Do the same for a line of JSON, which stays one and means the same."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004  one byte or two
