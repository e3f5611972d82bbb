"""Bring a database to the schema that this program knows.

A migration is a numbered file of SQL that is never edited once released. Each
is run in one transaction together with the row that records it, statement by
statement: `executescript` would commit behind our back. The recorded checksum
finds a file that was edited, the highest number a newer program.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from engine.errors import UnusableDatabase

FOLDER = Path(__file__).parent / "migrations"

APPLICATION_ID = 0x50795363
"""`PySc`, in the header of every file of ours: another program's database is left alone."""

_RECORD = (
    "CREATE TABLE IF NOT EXISTS migrations "
    "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)"
)


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return sha256(self.sql.encode()).hexdigest()


def migrations_in(folder: Path) -> Sequence[Migration]:
    """Return the migrations of a folder in the order of their numbers."""
    files = sorted(folder.glob("*.sql"))
    return [
        Migration(int(file.name[:4]), file.stem[5:], file.read_text(encoding="utf-8"))
        for file in files
    ]


def statements(sql: str) -> Iterator[str]:
    """Split a script into statements; a semicolon in text or a trigger's body ends none."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending.strip()
            pending = ""
    if any(line.strip() and not line.lstrip().startswith("--") for line in pending.splitlines()):
        raise ValueError(f"the last statement of a migration has no end: {pending.strip()!r}")


def migrate(connection: sqlite3.Connection, known: Sequence[Migration], where: Path) -> None:
    """Apply what is missing. Raises UnusableDatabase when the file is not one for this program."""
    _refuse_foreign(connection, where)
    for migration in known:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Read inside the transaction: another process may just have done the same.
            applied = _applied(connection)
            _compare(applied, known, where)
            if migration.number not in applied:
                _apply(connection, migration)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _refuse_foreign(connection: sqlite3.Connection, where: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise UnusableDatabase(
            f"{where}: this is another program's database, so it is left alone. "
            "Move the file away, or give pysched another data directory with --data."
        )


def _applied(connection: sqlite3.Connection) -> dict[int, str]:
    connection.execute(_RECORD)
    return dict(connection.execute("SELECT number, checksum FROM migrations"))


def _compare(applied: dict[int, str], known: Sequence[Migration], where: Path) -> None:
    checksums = {migration.number: migration.checksum for migration in known}
    newer = sorted(applied.keys() - checksums.keys())
    if newer:
        raise UnusableDatabase(
            f"{where}: written by a newer pysched (its schema has number {newer[-1]}, this program "
            f"knows {max(checksums)}). Install that version again, or restore a backup of before."
        )
    for number, checksum in applied.items():
        if checksum != checksums[number]:
            raise UnusableDatabase(
                f"{where}: made by another build of pysched (migration {number} differs). "
                "Install that build again, or move the file away."
            )


def _apply(connection: sqlite3.Connection, migration: Migration) -> None:
    for statement in statements(migration.sql):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(
        "INSERT INTO migrations (number, name, checksum) VALUES (?, ?, ?)",
        (migration.number, migration.name, migration.checksum),
    )
