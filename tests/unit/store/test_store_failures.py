"""What SQLite reports, in words that help."""

import sqlite3
from pathlib import Path

import pytest

from engine.errors import Unavailable, UnusableDatabase
from engine.store.failures import translated, translation

RUNS, LOGS = Path("/data/pysched.db"), Path("/data/logs.db")


def a_failure(code: int, text: str = "it failed") -> sqlite3.Error:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "mend"),
    [
        (sqlite3.SQLITE_FULL, "free some space"),
        (sqlite3.SQLITE_BUSY, "end that program"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "end that program"),
        (sqlite3.SQLITE_IOERR_FSYNC, "check the disk"),
        (sqlite3.SQLITE_READONLY, "writable"),
        (sqlite3.SQLITE_CANTOPEN, "check that its directory exists"),
    ],
)
def test_trouble_outside_of_the_file_can_be_mended(code: int, mend: str):
    error = translated(RUNS, a_failure(code))

    assert isinstance(error, Unavailable)
    assert str(error).startswith("/data/pysched.db: it failed: ")
    assert mend in str(error)


@pytest.mark.parametrize(
    ("path", "loss"), [(RUNS, "history of runs, users"), (LOGS, "only kept output")]
)
def test_a_damaged_file_tells_what_is_lost_with_it(path: Path, loss: str):
    error = translated(path, a_failure(sqlite3.SQLITE_CORRUPT))

    assert isinstance(error, UnusableDatabase)
    assert loss in str(error)


def test_a_mistake_of_the_program_is_not_blamed_on_the_user():
    with pytest.raises(sqlite3.OperationalError), translation(RUNS):
        raise a_failure(sqlite3.SQLITE_ERROR)
