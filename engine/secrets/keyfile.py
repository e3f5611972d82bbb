"""The file `secret.key` of a data directory, and its exchange for another.

A new key lies beside the old one, as `secret.key.new`, from before the first value is
sealed with it until all are; then it takes the old one's place by rename. So whenever a
rotation stops, one of the two files opens what is in the database.
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import Refused, UnusableSecretKey
from engine.secrets.key import KEY_BYTES, MasterKey, read_key, text_of

KEY_NAME = "secret.key"
STAGED_NAME = "secret.key.new"
_LONGEST = 4096


class KeyFile:
    """Every method is blocking, and raises UnusableSecretKey for what the disk or rights refuse."""

    def __init__(self, data: Path) -> None:
        self.path = data / KEY_NAME
        self._staged = data / STAGED_NAME

    def read(self) -> MasterKey | None:
        """Return the key, None without a file. Also raises it for one that is not ours."""
        return _read(self.path)

    def staged(self) -> MasterKey | None:
        """Return the key that a rotation was to bring in, None if none is under way."""
        return _read(self._staged)

    def create(self) -> MasterKey:
        """Return the key, made if there is none yet; of two who make one, both get the first."""
        with _told(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part = self.path.with_name(f".{KEY_NAME}.{os.urandom(4).hex()}")
            _write(part)
            try:
                with suppress(FileExistsError):
                    # Unlike a rename, this leaves what is there.
                    self.path.hardlink_to(part)
            finally:
                part.unlink()
            _sync(self.path.parent)
        found = self.read()
        if found is None:
            raise UnusableSecretKey(f"{self.path}: the file was removed while it was made")
        return found

    def stage(self) -> MasterKey:
        """Put a new key beside the present one; whatever lay there is gone."""
        with _told(self._staged):
            self._staged.unlink(missing_ok=True)
            _write(self._staged)
            _sync(self._staged.parent)
        found = self.staged()
        if found is None:
            raise UnusableSecretKey(f"{self._staged}: the file was removed while it was made")
        return found

    def promote(self) -> None:
        """Let the staged key take the present one's place; nothing if that was done already."""
        with _told(self.path), suppress(FileNotFoundError):
            self._staged.replace(self.path)
            _sync(self.path.parent)

    @contextmanager
    def alone(self) -> Generator[None]:
        """Keep every other rotation out. Raises Refused while there is one."""
        with _told(self.path.parent):
            directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refused("the key of the secrets is being exchanged already") from None
            yield
        finally:
            os.close(directory)


def _read(path: Path) -> MasterKey | None:
    with _told(path):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        with os.fdopen(fd, "rb") as file:
            if os.fstat(fd).st_mode & 0o077:
                raise UnusableSecretKey(
                    f"{path}: other accounts of this machine can read it, and with it every "
                    f"secret; run `chmod 600 {path}`, and rotate the key if anybody may have"
                )
            content = file.read(_LONGEST)
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        raise UnusableSecretKey(f"{path}: this is no key that pysched wrote") from None
    return read_key(text, str(path))


def _write(path: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "w") as file:
        file.write(text_of(os.urandom(KEY_BYTES)) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def _told(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise UnusableSecretKey(
            f"{path}: {error.strerror}. Check that the data directory is writable for the account "
            "that runs pysched and that its disk is not full."
        ) from error
