"""Which text may name something below a directory of the tree.

Whoever edits a script chooses the text, and what is written lands in a git work
tree, which others check out on systems with other rules for names. So a path is
refused that leaves its directory here, that becomes `.git` on a file system that
folds case, drops trailing dots or ignores invisible characters (git's own
`is_ntfs_dotgit` and `is_hfs_dotgit`), or that reaches into an environment.

Pure: what the names lead to is for `contained` to find out, which never follows a link.
"""

import re
import unicodedata
from typing import NewType

from engine.errors import InvalidInput

InnerPath = NewType("InnerPath", tuple[str, ...])
"""Names from a directory downwards, each safe to be opened inside the one before it."""

LONGEST_SEGMENT = 255
"""Bytes of one name: what Linux file systems take (`NAME_MAX`)."""

LONGEST_PATH = 1024
"""Bytes of a whole path, so that with any tree before it the system still takes it."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
_REPOSITORY = re.compile(r"\.git|git~[0-9]+")
_ENVIRONMENT = ".venv"


def inner_path(text: str) -> InnerPath:
    """Read a path with forward slashes below a directory.

    Raises InvalidInput for one that is absolute, empty, too long or has a name in it
    that is no plain name everywhere.
    """
    if text.startswith("/"):
        raise _refusal(text, "it is absolute; write it from the directory on")
    names = tuple(text.split("/"))
    for name in names:
        if why := _objection(name):
            raise _refusal(text, why)
    if len(text.encode()) > LONGEST_PATH:
        raise _refusal(text, f"it is longer than {LONGEST_PATH} bytes")
    return InnerPath(names)


def _objection(name: str) -> str | None:
    if name in ("", ".", ".."):
        return "each name between two slashes must be one of a file or directory"
    if "\\" in name or any(unicodedata.category(letter) in _UNSEEN for letter in name):
        return "backslashes, control characters and invisible characters are not allowed"
    if len(name.encode()) > LONGEST_SEGMENT:
        return f"a name in it is longer than {LONGEST_SEGMENT} bytes"
    if name != name.rstrip(". "):
        return "a name cannot end with a dot or a space"
    return _reserved(name)


def _reserved(name: str) -> str | None:
    # NTFS reads what follows a colon as the name of a stream of the same file.
    folded = unicodedata.normalize("NFKC", name).casefold().partition(":")[0].rstrip(". ")
    if _REPOSITORY.fullmatch(folded):
        return "the repository's own files cannot be reached"
    if folded == _ENVIRONMENT:
        return "the environment is built from requirements.txt and cannot be edited"
    return None


def _refusal(text: str, why: str) -> InvalidInput:
    shown = text if len(text) <= LONGEST_SEGMENT else f"{text[:LONGEST_SEGMENT]}…"
    return InvalidInput(f"the path {shown!r} cannot be used: {why}")
