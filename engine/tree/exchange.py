"""Exchange the content of a file below a directory, whole or not at all.

The new content is written aside, brought to the disk and renamed over the file
(rename(2) is atomic), so that a script that starts meanwhile, a full disk or a crash
never leaves half a file.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from engine.tree.contained import directory_of, not_regular
from engine.tree.inner_path import InnerPath
from engine.tree.staging import NOT_ASIDE, passing_name, staging

NEW_MODE = 0o644
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def exchange(root: Path, path: InnerPath, content: bytes) -> os.stat_result:
    """Give a file new content and keep its permissions; create it when it is not there.

    Returns the status of what was written. Directories on the way are made. Raises NotRegular
    when a name of the path is a link or no file, another OSError when it cannot be written. The
    file then is as it was, unless the very last step failed: then it has the new content, which
    a power cut may take back.
    """
    with directory_of(root, path, create=True) as directory:
        mode = _mode(path[-1], directory)
        try:
            with staging(root) as aside:
                status = _bring(content, mode, aside, path[-1], directory)
        except OSError as error:
            if error.errno not in NOT_ASIDE:
                raise
            status = _bring(content, mode, directory, path[-1], directory)
        os.fsync(directory)
        return status


def remove(root: Path, path: InnerPath) -> None:
    """Remove a file. Raises NotRegular when a name of the path is no file, another OSError."""
    with directory_of(root, path) as directory:
        status = os.stat(path[-1], dir_fd=directory, follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode):
            raise not_regular(path[-1])
        os.unlink(path[-1], dir_fd=directory)
        os.fsync(directory)


def _mode(name: str, directory: int) -> int:
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return NEW_MODE
    if not stat.S_ISREG(status.st_mode):
        raise not_regular(name)
    return stat.S_IMODE(status.st_mode)


def _bring(content: bytes, mode: int, aside: int, name: str, directory: int) -> os.stat_result:
    """Write a file in the directory `aside`, and rename it from there into its own."""
    temporary = passing_name()
    try:
        with os.fdopen(os.open(temporary, _NEW, 0o600, dir_fd=aside), "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
            status = os.fstat(file.fileno())
        os.rename(temporary, name, src_dir_fd=aside, dst_dir_fd=directory)
        return status
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=aside)
        raise
