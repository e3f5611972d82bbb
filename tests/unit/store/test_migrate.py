"""Migrations: applied once, in order, whole."""

import sqlite3
from pathlib import Path

import pytest

from engine.errors import UnusableDatabase
from engine.store.migrate import Migration, migrate, migrations_in, statements

WHERE = Path("/data/pysched.db")
ONE = Migration(1, "one", "CREATE TABLE one (x);\nINSERT INTO one VALUES (';');\n")
TWO = Migration(2, "two", "ALTER TABLE one ADD COLUMN y;\n")
BROKEN = Migration(2, "broken", "CREATE TABLE two (x);\nINSERT INTO nothing VALUES (1);\n")


@pytest.fixture
def connection():
    with_memory = sqlite3.connect(":memory:", isolation_level=None)
    yield with_memory
    with_memory.close()


def tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name for (name,) in rows]


def test_a_semicolon_in_text_or_a_body_ends_no_statement():
    sql = (
        "-- a; comment\nINSERT INTO a\n  VALUES (';');\n"
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT 1;\nEND;\n-- the end\n"
    )

    assert [len(statement.splitlines()) for statement in statements(sql)] == [3, 3]


def test_a_statement_without_an_end_is_not_forgotten():
    with pytest.raises(ValueError, match="has no end"):
        list(statements("CREATE TABLE a (x);\nCREATE TABLE b (x)"))


def test_a_new_database_gets_all_migrations(connection: sqlite3.Connection):
    migrate(connection, [ONE, TWO], WHERE)

    assert connection.execute("SELECT x, y FROM one").fetchall() == [(";", None)]


def test_a_migration_is_applied_once(connection: sqlite3.Connection):
    migrate(connection, [ONE], WHERE)

    migrate(connection, [ONE, TWO], WHERE)

    assert connection.execute("SELECT count(*) FROM one").fetchone() == (1,)


def test_a_migration_that_fails_leaves_nothing(connection: sqlite3.Connection):
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, [ONE, BROKEN], WHERE)

    assert (tables(connection), connection.in_transaction) == (["migrations", "one"], False)


def test_a_database_of_a_newer_program_is_refused(connection: sqlite3.Connection):
    migrate(connection, [ONE, TWO], WHERE)

    with pytest.raises(UnusableDatabase, match=r"newer pysched.*number 2.*knows 1"):
        migrate(connection, [ONE], WHERE)


def test_a_migration_that_was_edited_is_found(connection: sqlite3.Connection):
    migrate(connection, [ONE], WHERE)

    with pytest.raises(UnusableDatabase, match="another build"):
        migrate(connection, [Migration(1, "one", ONE.sql + "-- edited\n")], WHERE)


def test_the_database_of_another_program_is_left_alone(connection: sqlite3.Connection):
    connection.execute("CREATE TABLE theirs (x)")

    with pytest.raises(UnusableDatabase, match="another program's"):
        migrate(connection, [ONE], WHERE)

    assert tables(connection) == ["theirs"]


@pytest.mark.parametrize("name", ["pysched", "logs"])
def test_shipped_migrations_have_a_number_each(name: str):
    folder = Path(migrate.__code__.co_filename).parent / "migrations" / name

    numbers = [migration.number for migration in migrations_in(folder)]

    assert numbers == sorted(set(numbers)) != []
