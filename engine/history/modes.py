"""The few kinds of entries that git knows, by their modes."""

import stat

FILE = 0o100644
EXECUTABLE = 0o100755
LINK = 0o120000
DIRECTORY = 0o040000
SUBMODULE = 0o160000


def as_git_has_it(mode: int) -> int:
    """Return the mode that git gives a file or link, of a file system's or an old commit's."""
    if stat.S_ISLNK(mode):
        return LINK
    return EXECUTABLE if mode & 0o100 else FILE
