"""Reduce requirements to what decides an environment, and refuse what escapes it.

Options and local paths would let a file in the tree read the server's files or
take packages from anywhere, so they need `environments.allow_options`. A line
that is no valid requirement stays as it is: the tool that builds the
environment explains it best.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from engine.document.mistake import Mistake
from engine.document.place import Position, position_at

LARGEST = 1024 * 1024
MOST = 2000
"""Requirements of one script."""

_COMMENT = re.compile(r"(^|\s)#.*$")
_URL = re.compile(r"(?:^|@\s*)([A-Za-z][A-Za-z0-9+.-]*):")
_REMOTE = frozenset({"http", "https", "git+https", "git+ssh", "git+http", "hg+https", "svn+https"})
_ARCHIVE = re.compile(r"\.(whl|zip|tar\.gz|tgz|tar\.bz2)\s*(\[.*\])?$", re.IGNORECASE)
_ALLOW = "it needs `environments.allow_options: true` in pysched.yaml"


class Line(NamedTuple):
    """One requirement, joined from its continuation lines."""

    text: str
    position: Position


def read_requirements(source: bytes) -> tuple[list[Line], Mistake | None]:
    """Return the requirements in a `requirements.txt`, or why it cannot be read."""
    if len(source) > LARGEST:
        message = f"the file has more than {LARGEST} bytes; make it smaller"
        return [], Mistake(Position(1, 1), "too_large", message)
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = source[: error.start].decode(errors="replace")
        message = f"byte 0x{source[error.start]:02x} is not UTF-8; save the file with UTF-8"
        return [], Mistake(position_at(before, len(before)), "not_utf8", message)
    if "\0" in text:
        message = "NUL characters are not allowed; remove them"
        return [], Mistake(position_at(text, text.index("\0")), "not_text", message)
    lines = list(islice(_lines(text), MOST + 1))
    if len(lines) > MOST:
        return [], Mistake(
            lines[MOST].position, "too_large", f"at most {MOST} requirements are read"
        )
    return lines, None


def _lines(text: str) -> Iterator[Line]:
    parts: list[str] = []
    start = Position(1, 1)
    for number, raw in enumerate(text.split("\n"), start=1):
        line = (_COMMENT.sub("", raw) if "#" in raw else raw).rstrip()
        if not parts:
            start = Position(number, len(line) - len(line.lstrip()) + 1)
        continued = line.endswith("\\")
        parts.append(line.removesuffix("\\").strip())
        joined = "" if continued else " ".join(part for part in parts if part)
        if not continued:
            parts = []
        if joined:
            yield Line(joined, start)
    joined = " ".join(part for part in parts if part)
    if joined:
        yield Line(joined, start)


def refusals(lines: Iterable[Line]) -> Iterator[Mistake]:
    """Return a mistake for each line that needs `environments.allow_options`."""
    for line in lines:
        reason = why_refused(line.text)
        if reason:
            yield Mistake(line.position, "requirement_option", reason)


def why_refused(requirement: str) -> str | None:
    """Return why a requirement is not allowed by default, or None."""
    if requirement.startswith("-"):
        return f"option {requirement.split()[0].split('=')[0]!r} is not allowed here; {_ALLOW}"
    subject = requirement.split(";")[0].split(" --")[0].strip()
    url = _URL.search(subject)
    if url and url[1].lower() in _REMOTE:
        return None
    is_path = (
        url is not None
        or subject.startswith((".", "~", "$"))
        or "/" in subject
        or "\\" in subject
        or "@" in subject
        or _ARCHIVE.search(subject)
    )
    return f"{subject!r} is a local path; {_ALLOW}" if is_path else None


def normalise(lines: Iterable[str]) -> str:
    """Return requirements one a line, sorted and without cosmetic differences."""
    return "\n".join(sorted({_canonical(line) for line in lines}))


@lru_cache(maxsize=4096)
def _canonical(line: str) -> str:
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return line
    requirement.name = canonicalize_name(requirement.name)
    return str(requirement)
