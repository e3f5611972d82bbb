"""Turn what SQLite reports into errors that say what to do.

Two kinds matter to users: trouble outside of the file (disk full, locked, an
I/O error), where the same request may work later, and a file that no request
can be answered from. Anything else is a mistake in this package and is passed
on as it is. Codes: https://www.sqlite.org/rescode.html.
"""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import EngineError, Unavailable, UnusableDatabase

_PRIMARY = 0xFF
"""The low byte of an extended result code is the primary one."""

_MENDS = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space, nothing else has to be done",
    sqlite3.SQLITE_BUSY: "another program holds its lock; end that program or try again",
    sqlite3.SQLITE_LOCKED: "another program holds its lock; end that program or try again",
    sqlite3.SQLITE_IOERR: "the disk reports an input/output error; check the disk and try again",
    sqlite3.SQLITE_READONLY: "the file or its directory is read-only; make both writable",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; check that its directory exists and "
    "is writable for the account that runs pysched",
    sqlite3.SQLITE_PERM: "access is denied; make the file writable for the account of pysched",
    sqlite3.SQLITE_NOMEM: "there is not enough memory; free some and try again",
}

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

LOSSES = {
    "logs.db": "Stop pysched and move the file away: a new one is made at the next start, "
    "and only kept output of finished runs and its search are lost.",
}
"""What a user gives up by removing a damaged file, by file name."""

_LOSS = (
    "Stop pysched, keep a copy of the file, and bring back the newest backup with `pysched "
    "restore`. Without a backup, move the file away: what is in force is rebuilt from the tree, "
    "but the history of runs, users, keys and secrets is lost."
)


def damaged(path: Path, what: str) -> UnusableDatabase:
    """Return the error for a file that cannot be read as a database."""
    return UnusableDatabase(
        f"{path}: the database is damaged ({what}). {LOSSES.get(path.name, _LOSS)}"
    )


def translated(path: Path, error: sqlite3.Error) -> EngineError | None:
    """Return the error for users, None when the fault is the program's own."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    if code in _DAMAGED:
        return damaged(path, str(error))
    mend = _MENDS.get(code)
    return Unavailable(f"{path}: {error}: {mend}.") if mend else None


@contextmanager
def translation(path: Path) -> Generator[None, None, None]:
    """Raise UnusableDatabase or Unavailable in place of SQLite's own exceptions."""
    try:
        yield
    except sqlite3.Error as error:
        ours = translated(path, error)
        if ours is None:
            raise
        raise ours from error
