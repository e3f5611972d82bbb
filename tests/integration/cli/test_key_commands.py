"""`pysched key` on a data directory."""

import json
import sqlite3
from contextlib import closing

import pytest

from web.cli.failure import guarded
from web.cli.main import app


@pytest.fixture
def pysched(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = guarded(lambda: app(arguments))
        return code, *capfd.readouterr()

    return run


def test_without_a_data_directory_there_are_no_keys(pysched, tmp_path):
    assert pysched("key", "list") == (0, "no keys; `pysched key add NAME` makes one\n", "")
    assert not (tmp_path / "data").exists()


def test_adding_a_key_prints_its_secret_and_nothing_else(pysched):
    code, output, error = pysched("key", "add", "import")

    assert (code, output.startswith("pysched_"), len(output.split()), error) == (0, True, 1, "")


def test_the_secret_is_kept_nowhere(pysched, tmp_path):
    _, secret, _ = pysched("key", "add", "import")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("pysched.db*"))

    assert b"import" in kept
    assert secret.strip().encode() not in kept


def test_a_key_is_listed_with_all_that_was_said_of_it(pysched):
    pysched("key", "add", "import", "--role", "viewer", "--script", "etl/*", "--expires", "90d")

    [found] = json.loads(pysched("key", "list", "--json")[1])["items"]

    assert (found["name"], found["role"], found["scripts"], bool(found["expires"])) == (
        "import",
        "viewer",
        ["etl/*"],
        True,
    )


def test_the_list_for_people_shows_how_the_secret_begins(pysched):
    _, secret, _ = pysched("key", "add", "import")

    assert (
        f"{secret[:21]}…  operator  all scripts  no expiry  never used"
        in (pysched("key", "list")[1])
    )


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_key_is_removed_by_name_or_id(pysched, by):
    made = json.loads(pysched("key", "add", "import", "--json")[1])

    assert pysched("key", "remove", made[by]) == (0, f"removed key import ({made['id']})\n", "")
    assert json.loads(pysched("key", "list", "--json")[1]) == {"items": []}


def test_a_key_that_is_not_there_is_an_error(pysched):
    code, _, error = pysched("key", "remove", "nobody")

    assert (code, "no key 'nobody'" in error) == (1, True)


def test_a_name_that_is_taken_is_an_error(pysched):
    pysched("key", "add", "import")

    assert pysched("key", "add", "import")[0] == 1


@pytest.mark.parametrize("wrong", [["--role", "root"], ["--script", "a b"], ["--expires", "0"]])
def test_a_key_that_cannot_be_made_is_an_error(pysched, tmp_path, wrong):
    assert pysched("key", "add", "import", *wrong)[0] == 1
    database = tmp_path / "data" / "pysched.db"
    assert (
        not database.exists()
        or not sqlite3.connect(database).execute("SELECT count(*) FROM api_keys").fetchone()[0]
    )


@pytest.mark.parametrize("expires", ["soon", "999999999d"])
def test_a_duration_that_is_none_is_wrong_usage(pysched, expires):
    assert pysched("key", "add", "import", "--expires", expires)[0] == 2


def test_changes_of_keys_are_in_the_audit_log(pysched, tmp_path):
    pysched("key", "add", "import")
    pysched("key", "remove", "import")

    with closing(sqlite3.connect(tmp_path / "data" / "pysched.db")) as database:
        rows = database.execute("SELECT action, kind, parameters FROM audit ORDER BY id").fetchall()

    assert [(action, kind, json.loads(facts)["name"]) for action, kind, facts in rows] == [
        ("pysched key add", "cli", "import"),
        ("pysched key remove", "cli", "import"),
    ]
