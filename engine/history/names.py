"""Decide which names in a commit may be written to disk.

A commit can hold names that no `git add` would make. One called `.git`, or
spelled so that some file system takes it for that, would plant hooks and
configuration in a checkout; `..` would leave it. The spellings are those that
git refuses (`is_hfs_dotgit`, `is_ntfs_dotgit` in its source). Pure.
"""

import re

_HFS_IGNORES = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_GIT_ON_NTFS = re.compile(r"(?:\.git|git~1)[. ]*(?::.*)?\Z", re.IGNORECASE | re.DOTALL)


def is_safe_name(name: bytes) -> bool:
    """Tell whether one part of a path is an ordinary name everywhere."""
    if name in {b"", b".", b".."} or b"/" in name or b"\0" in name:
        return False
    text = _HFS_IGNORES.sub("", name.decode("utf-8", "surrogateescape"))
    return not any(_GIT_ON_NTFS.match(part) for part in text.split("\\"))


def is_safe_target(link: tuple[bytes, ...], target: bytes) -> bool:
    """Tell whether a link at path `link` stays in the checkout, by its text alone."""
    if not target or target.startswith(b"/") or b"\0" in target:
        return False
    depth = len(link) - 1
    for part in target.split(b"/"):
        depth += -1 if part == b".." else 0 if part in {b"", b"."} else 1
        if depth < 0:
            return False
    return True
