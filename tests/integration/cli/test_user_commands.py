"""`pysched user` on a data directory."""

import asyncio
import io
import json
import sqlite3
import sys

import pytest

from engine.model.account import digest_of
from engine.service.passwords import Passwords
from engine.store.database import Database
from engine.store.sessions import SqliteSessionStore
from engine.store.users import SqliteUserStore
from tests.fakes.clock import START
from web.cli.failure import guarded
from web.cli.main import app

PASSWORD = "correct horse battery"


@pytest.fixture
def pysched(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = guarded(lambda: app(["user", *arguments]))
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def add(pysched):
    def added(name: str, *options: str) -> None:
        code, _, error = pysched("add", name, "--no-password", *options)
        assert (code, error) == (0, "")

    return added


@pytest.fixture
def stores(tmp_path):
    """Look into the data directory once it is there."""
    opened: list[Database] = []

    def look() -> tuple[SqliteUserStore, SqliteSessionStore]:
        if not opened:
            opened.append(Database(tmp_path / "data" / "pysched.db"))
        return SqliteUserStore(opened[0]), SqliteSessionStore(opened[0])

    yield look
    for database in opened:
        database.close()


def listed(pysched) -> dict[str, dict]:
    return {one["name"]: one for one in json.loads(pysched("list", "--json")[1])["items"]}


def test_without_a_data_directory_there_are_no_users(pysched, tmp_path):
    code, output, error = pysched("list")

    assert (code, output.startswith("no users"), error) == (0, True, "")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "command",
    [("remove", "eve"), ("role", "eve", "admin"), ("disable", "eve"), ("link", "eve")],
)
def test_a_user_that_is_not_there_is_an_error_and_makes_nothing(pysched, tmp_path, command):
    code, _, error = pysched(*command)

    assert (code, "no user 'eve'" in error) == (1, True)
    assert not (tmp_path / "data").exists()


def test_a_user_is_added_with_the_password_of_standard_input(pysched, stores):
    told = pysched("add", "ada", "--role", "editor", "--password-stdin", stdin=f"{PASSWORD}\n")
    user = stores()[0].get("ada")

    assert told == (0, "added user ada, editor\n", "")
    assert asyncio.run(Passwords().match(PASSWORD, user.password))


def test_a_new_password_opens_from_then_on(pysched, add, stores):
    add("ada")
    told = pysched("password", "ADA", "--password-stdin", stdin=PASSWORD)

    assert told == (0, "user ada has a new password\n", "")
    assert asyncio.run(Passwords().match(PASSWORD, stores()[0].get("ada").password))


@pytest.mark.parametrize("typed", ["short\n", "", "password1234\n", "ada\n"])
def test_a_password_that_is_soon_guessed_is_refused(pysched, typed):
    code, _, error = pysched("add", "ada", "--password-stdin", stdin=typed)

    assert (code, "this password cannot be used" in error) == (1, True)
    assert listed(pysched) == {}


@pytest.mark.parametrize("command", [("add", "ada"), ("password", "ada")])
def test_nobody_is_asked_where_nobody_can_answer(pysched, command):
    code, _, error = pysched(*command)

    assert (code, "--password-stdin" in error) == (2, True)


def test_no_option_takes_a_password(pysched):
    assert pysched("add", "ada", "--password", PASSWORD)[0] == 2


def test_a_password_and_none_exclude_one_another(pysched):
    assert pysched("add", "ada", "--no-password", "--password-stdin", stdin=PASSWORD)[0] == 2


def test_a_user_is_listed_with_all_there_is_to_know(pysched, add):
    add("ada", "--role", "admin")
    add("bob")
    pysched("disable", "bob")

    assert {name: (one["role"], one["disabled"]) for name, one in listed(pysched).items()} == {
        "ada": ("admin", False),
        "bob": ("viewer", True),
    }
    assert pysched("list")[1].splitlines() == [
        "ada  admin   no password  never here",
        "bob  viewer  disabled     never here",
    ]


def test_what_was_added_is_told_to_programs(pysched):
    made = json.loads(pysched("add", "ada", "--no-password", "--json")[1])

    assert (made["name"], made["role"], made["has_password"]) == ("ada", "viewer", False)


def test_a_name_that_is_taken_is_an_error(pysched, add):
    add("ada")

    assert "named 'ada' already" in pysched("add", "ADA", "--no-password")[2]


@pytest.mark.parametrize("wrong", [("a b",), ("ada", "--role", "root")])
def test_a_user_that_cannot_be_is_an_error(pysched, wrong):
    assert pysched("add", *wrong, "--no-password")[0] == 1
    assert listed(pysched) == {}


def test_role_and_state_are_changed(pysched, add):
    add("ada")
    told = [pysched(*each)[1] for each in (("role", "Ada", "operator"), ("disable", "ada"))]
    changed = listed(pysched)["ada"]
    told.append(pysched("enable", "ada")[1])

    assert told == ["user ada is operator now\n", "user ada is disabled\n", "user ada is enabled\n"]
    assert (changed["role"], changed["disabled"]) == ("operator", True)
    assert listed(pysched)["ada"]["disabled"] is False


@pytest.mark.parametrize(
    "command", [("remove", "ada"), ("role", "ada", "viewer"), ("disable", "ada")]
)
def test_the_last_admin_stays(pysched, add, command):
    add("ada", "--role", "admin")
    add("bob")
    code, _, error = pysched(*command)

    assert (code, "only admin" in error) == (1, True)
    assert listed(pysched)["ada"]["role"] == "admin"


def test_a_user_is_removed(pysched, add):
    add("ada", "--role", "admin")
    add("bob")

    assert pysched("remove", "BOB") == (0, "removed user bob\n", "")
    assert set(listed(pysched)) == {"ada"}


def test_a_link_is_printed_and_only_its_hash_is_kept(pysched, add, stores, tmp_path):
    add("ada")
    code, output, error = pysched("link", "ada")
    url, _, secret = output.strip().partition("?token=")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("pysched.db*"))

    assert (code, url, error) == (0, "http://127.0.0.1:8000/login", "")
    assert secret.encode() not in kept
    redeemed = stores()[1].redeem(digest_of(secret.encode()), START)
    assert asyncio.run(redeemed).name == "ada"


def test_a_link_is_at_the_public_address(pysched, add, monkeypatch):
    monkeypatch.setenv("PYSCHED_SERVER__PUBLIC_URL", "https://pysched.example.com/")
    add("ada")
    made = json.loads(pysched("link", "ada", "--json")[1])

    assert made["url"].startswith("https://pysched.example.com/login?token=")
    assert made["expires"]


def test_the_audit_log_tells_what_was_done_and_no_secret(pysched, add, stores, tmp_path):
    add("ada", "--role", "admin")
    for command in (
        ("role", "ada", "admin"),
        ("link", "ada"),
        ("enable", "ada"),
    ):
        pysched(*command)
    pysched("password", "ada", "--password-stdin", stdin=PASSWORD)
    stores()
    with sqlite3.connect(tmp_path / "data" / "pysched.db") as database:
        rows = database.execute("SELECT action, kind, parameters FROM audit ORDER BY id").fetchall()
    database.close()

    assert [action for action, _, _ in rows] == [
        "pysched user add",
        "pysched user role",
        "pysched user link",
        "pysched user enable",
        "pysched user password",
    ]
    assert {kind for _, kind, _ in rows} == {"cli"}
    assert json.loads(rows[0][2]) == {"name": "ada", "role": "admin"}
    assert json.loads(rows[4][2]) == {"name": "ada"}
