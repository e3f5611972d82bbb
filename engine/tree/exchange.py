"""Exchange the content of a file below a directory, whole or not at all.

The new content is written beside the file, brought to the disk and renamed over it
(rename(2) is atomic), so that a script that starts meanwhile, a full disk or a crash
never leaves half a file. Its temporary name starts with a dot: the scan ignores it.
"""

import os
import secrets
import stat
from pathlib import Path

from engine.tree.contained import directory_of, not_regular
from engine.tree.inner_path import InnerPath

NEW_MODE = 0o644
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def exchange(root: Path, path: InnerPath, content: bytes) -> None:
    """Give a file new content and keep its permissions; create it when it is not there.

    Raises NotRegular when a name of the path is a link or no file, another OSError when
    it cannot be written. The file then is as it was, unless the very last step failed:
    then it has the new content, which a power cut may take back.
    """
    with directory_of(root, path) as directory:
        mode = _mode(path[-1], directory)
        temporary = f".pysched-{secrets.token_hex(8)}.tmp"
        try:
            _write(temporary, directory, content, mode)
            os.rename(temporary, path[-1], src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            _remove_if_there(temporary, directory)
            raise
        os.fsync(directory)


def _mode(name: str, directory: int) -> int:
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return NEW_MODE
    if not stat.S_ISREG(status.st_mode):
        raise not_regular(name)
    return stat.S_IMODE(status.st_mode)


def _write(name: str, directory: int, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(name, _NEW, 0o600, dir_fd=directory), "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())


def _remove_if_there(name: str, directory: int) -> None:
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        return
