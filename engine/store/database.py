"""One SQLite file: opened, brought up to date, read from any thread, written by one.

Write-ahead logging lets readers go on while the writer commits. Reads are made
on the caller's thread, because a hop to another costs more than the read; each
takes a connection that is lent to it alone. Connections are in autocommit mode
(`isolation_level=None`), since sqlite3's default begins and commits unseen.
"""

import sqlite3
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from engine.errors import Unavailable, UnusableDatabase
from engine.model.histogram import Histogram
from engine.store.durations import teach
from engine.store.failures import translation
from engine.store.migrate import FOLDER, migrate, migrations_in
from engine.store.writer import Writer

T = TypeVar("T")

OLDEST_SQLITE = (3, 34, 0)

_BUSY_MS = 5_000
_JOURNAL_BYTES = 16 * 1024 * 1024
_CHECKPOINT_PAGES = 4_000


class Database:
    """A database file and all connections to it."""

    def __init__(self, path: Path, migrations: Path | None = None, *, quick: bool = False) -> None:
        """Open the file, or make it with mode 0600; `migrations` is a folder of numbered SQL.

        By default that is the folder named like the file: `pysched.db` or `logs.db`.
        With `quick`, small writes may be made on the event loop; see `Writer`.
        Blocking. Raises UnusableDatabase for a damaged, foreign or newer file and
        Unavailable when it cannot be opened.
        """
        self.path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False
        with translation(path):
            connection = self._open_writer(migrations or FOLDER / path.stem)
            hasty = self._open_hasty() if quick else None
        self._writer = Writer(path, connection, hasty)

    async def write(
        self,
        change: Callable[[sqlite3.Connection], T],
        *,
        durable: bool,
        haste: bool = True,
        small: bool = False,
    ) -> T:
        """Run `change` in a transaction and return its result once that is committed.

        `change` may be run more than once, and only the last time counts: it must do
        nothing but read and write the database. With `durable` the commit is on
        the disk; without, it survives a crash of the program but not of the machine.
        Without `haste` it may wait some 50 ms for another write to go along with. A `small`
        one takes well below a millisecond beside the sync of the disk.
        Raises what `change` raises, Unavailable, or UnusableDatabase.
        """
        return await self._writer.write(change, durable=durable, haste=haste, small=small)

    def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Return the answer to a question, asked on this thread of what is committed.

        The connection is the question's own until it returns; nothing of it may be kept.
        Raises Unavailable or UnusableDatabase.
        """
        with translation(self.path):
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._open_reader()
            try:
                return question(connection)
            finally:
                if self._closed:
                    connection.close()
                else:
                    self._idle.append(connection)

    @property
    def waiting(self) -> int:
        """How many writes are asked for and not committed."""
        return self._writer.waiting

    @property
    def seconds(self) -> Histogram:
        """How long transactions took until now, the sync of the disk included."""
        return self._writer.seconds.copy()

    def check(self) -> tuple[str, ...]:
        """Return what SQLite's own check finds wrong; reads the whole file, so only on demand."""
        try:
            rows = self.read(lambda connection: connection.execute("PRAGMA quick_check").fetchall())
        except UnusableDatabase as error:
            return (str(error),)
        return tuple(text for (text,) in rows if text != "ok")

    def close(self) -> None:
        """Commit all that is queued and close every connection; blocks until it is done."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()
        # Last, so that it is the one that takes the write-ahead log into the file.
        self._writer.close()

    def _open_writer(self, migrations: Path) -> sqlite3.Connection:
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise UnusableDatabase(
                f"this Python has SQLite {sqlite3.sqlite_version}, pysched needs 3.34 or newer. "
                "Run pysched with a newer Python."
            )
        _create(self.path)
        connection = self._connect()
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode != "wal":
                raise Unavailable(
                    f"{self.path}: its file system cannot share memory between connections, which "
                    "SQLite needs. Put the data directory on a local disk."
                )
            _prepare_to_write(connection)
            migrate(connection, migrations_in(migrations), self.path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_hasty(self) -> sqlite3.Connection:
        connection = self._connect()
        _prepare_to_write(connection)
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def _open_reader(self) -> sqlite3.Connection:
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _connect(self) -> sqlite3.Connection:
        # Not bound to a thread: each connection is used by one at a time.
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA mmap_size = 0")
        return connection


def _prepare_to_write(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_BYTES}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.execute("PRAGMA foreign_keys = ON")
    teach(connection)


def _create(path: Path) -> None:
    """Make the file before SQLite does: its mode is passed on to the files beside it."""
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise Unavailable(
            f"{path}: the file cannot be opened: {error.strerror}. Check that its directory "
            "exists and is writable for the account that runs pysched."
        ) from error
