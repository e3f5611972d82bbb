"""Where a list goes on: a short text that names the last row of a page.

A cursor holds the row's place in the order of the list (keyset paging), not its
number, so page 10,000 costs what page 1 costs and rows that arrive in between
shift nothing. It comes back from outside, so all of it is checked.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import Literal

from engine.errors import InvalidInput

Kind = Literal["runs", "found", "occurrences", "statistics", "audit", "notices"]

_FORM = re.compile(r"([rfosan])([0-9a-f]{1,16})\.([A-Za-z0-9_=-]*)")
_LETTERS: dict[Kind, str] = {
    "runs": "r",
    "found": "f",
    "occurrences": "o",
    "statistics": "s",
    "audit": "a",
    "notices": "n",
}
_LARGEST = 2**63 - 1
"""SQLite's integers have 64 bits with sign."""


def cursor(kind: Kind, place: int, tie: str = "") -> str:
    """Return the cursor for a row at `place`; `tie` tells it from others at the same place."""
    return f"{_LETTERS[kind]}{place:x}.{urlsafe_b64encode(tie.encode()).decode()}"


def placed(kind: Kind, text: str) -> tuple[int, str]:
    """Return what a cursor was made of. Raises InvalidInput for one that is not of this list."""
    match = _FORM.fullmatch(text)
    if match is None or match[1] != _LETTERS[kind] or int(match[2], 16) > _LARGEST:
        raise _foreign(text)
    try:
        return int(match[2], 16), urlsafe_b64decode(match[3]).decode()
    except (NotBase64, UnicodeDecodeError) as error:
        raise _foreign(text) from error


def placed_number(kind: Kind, text: str) -> tuple[int, int]:
    """Like `placed`, for lists whose tie is a number."""
    place, tie = placed(kind, text)
    if not (tie.isascii() and tie.isdigit()) or int(tie[:20]) > _LARGEST:
        raise _foreign(text)
    return place, int(tie[:20])


def _foreign(text: str) -> InvalidInput:
    return InvalidInput(
        f"cursor {text[:60]!r} is not one of this list: use the `next_cursor` of the page before "
        "as it is, or leave the cursor out to begin at the newest"
    )
