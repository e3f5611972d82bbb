"""Users as an admin manages them."""

import pytest

from engine.model.account import Role
from engine.model.user import User
from tests.api.conftest import VIEWER_KEY
from tests.fakes.engine import NOON

PASSWORD = "correct horse battery"


@pytest.fixture
def people(engine):
    for name, role in (("Ada", Role.ADMIN), ("bob", Role.VIEWER)):
        engine.users.kept[name.lower()] = User(
            name=name, role=role, password=f"hash of {PASSWORD}", created=NOON
        )
    return engine.users


def told(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def login(call, name, password=PASSWORD):
    body = {"username": name, "password": password}
    answer = call("POST", "/api/auth/login", key=None, json=body)
    return answer.headers.get("set-cookie", "").partition(";")[0]


def who(call, cookie):
    return call("GET", "/api/auth/me", key=None, headers={"Cookie": cookie})


def test_users_are_listed_without_their_passwords(call, people):
    answer = call("GET", "/api/users")

    assert answer.json()["items"] == [
        {
            "name": name,
            "role": role,
            "theme": "system",
            "timezone": None,
            "created": "2026-11-24T12:00:00Z",
            "last_login": None,
            "disabled": False,
            "has_password": True,
        }
        for name, role in (("Ada", "admin"), ("bob", "viewer"))
    ]
    assert "hash of" not in answer.text


def test_a_new_user_may_log_in(call, people):
    body = {"name": "eve", "role": "operator", "password": "another long one"}
    answer = call("POST", "/api/users", json=body)

    assert (answer.status_code, answer.json()["role"]) == (201, "operator")
    assert who(call, login(call, "EVE", "another long one")).json()["name"] == "eve"


def test_a_user_without_a_password_comes_in_by_a_link(call, people):
    made = call("POST", "/api/users", json={"name": "eve"}).json()
    link = call("POST", "/api/users/eve/link").json()
    url, _, token = link["url"].partition("?token=")
    answer = call("POST", "/api/auth/login", key=None, json={"token": token})

    assert (made["has_password"], url, link["expires"]) == (
        False,
        "http://test/login",
        "2026-11-25T12:00:00Z",
    )
    assert answer.json()["name"] == "eve"


def test_a_link_is_at_the_public_address(call, people, app):
    app.state.accounts.public = ("https://pysched.example.com/below",)

    assert (
        call("POST", "/api/users/bob/link")
        .json()["url"]
        .startswith("https://pysched.example.com/below/login?token=")
    )


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "a b"},
        {"name": "a/b"},
        {"name": "a:b"},
        {"name": ".."},
        {"name": "ä"},
        {"name": "x" * 65},
        {"name": "eve", "role": "root"},
        {"name": "eve", "password": "short"},
        {"name": "evelyn.long", "password": "Evelyn.Long1"},
        {"name": "eve", "password": "password1234"},
        {"name": "eve", "password": ""},
        {"name": "eve", "disabled": True},
    ],
)
def test_a_user_that_cannot_be_is_refused(call, people, body):
    answer = call("POST", "/api/users", json=body)

    assert (answer.status_code, len(people.kept)) == (422, 2)
    assert not body.get("password") or body["password"] not in answer.text


def test_a_name_is_given_once_whatever_its_case(call, people):
    assert told(call("POST", "/api/users", json={"name": "ADA"})) == (409, "name_taken")


def test_a_user_is_found_whatever_the_case(call, people):
    assert call("GET", "/api/users/ADA").json()["name"] == "Ada"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/users/eve"),
        ("PATCH", "/api/users/eve"),
        ("DELETE", "/api/users/eve"),
        ("POST", "/api/users/eve/link"),
    ],
)
def test_a_user_that_is_not_there_is_not_found(call, people, method, path):
    answer = call(method, path, **({"json": {}} if method == "PATCH" else {}))

    assert told(answer) == (404, "not_found")


@pytest.mark.parametrize(
    "change", [{"role": "operator"}, {"password": "another long one"}, {"disabled": True}]
)
def test_a_change_ends_the_users_sessions_at_once(call, people, change):
    cookie = login(call, "bob")
    before = who(call, cookie).status_code
    changed = call("PATCH", "/api/users/bob", json=change)

    assert (before, changed.status_code, who(call, cookie).status_code) == (200, 200, 401)


def test_an_admin_that_changes_himself_stays_logged_in(call, people):
    cookie = login(call, "Ada")
    other = login(call, "Ada")
    who(call, other)
    body = {"password": "another long one"}
    call("PATCH", "/api/users/ada", key=None, headers={"Cookie": cookie}, json=body)

    assert [who(call, one).status_code for one in (cookie, other)] == [200, 401]


def test_a_changed_role_counts_at_once(call, people):
    call("PATCH", "/api/users/bob", json={"role": "admin"})

    assert who(call, login(call, "bob")).json()["role"] == "admin"


def test_a_removed_user_is_out_at_once(call, people):
    cookie = login(call, "bob")
    who(call, cookie)

    assert call("DELETE", "/api/users/BOB").status_code == 204
    assert who(call, cookie).status_code == 401
    assert login(call, "bob") == ""


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("PATCH", {"role": "editor"}),
        ("PATCH", {"disabled": True}),
        ("DELETE", None),
    ],
)
def test_the_last_admin_stays(call, people, method, body):
    answer = call(method, "/api/users/ada", **({"json": body} if body else {}))

    assert told(answer) == (409, "last_admin")
    assert people.get("Ada").is_enabled_admin


@pytest.mark.parametrize(
    "body", [{"role": "root"}, {"password": "short"}, {"password": "bob"}, {"name": "eve"}]
)
def test_a_change_that_cannot_be_is_refused(call, people, body):
    assert call("PATCH", "/api/users/bob", json=body).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/users", None),
        ("GET", "/api/users/bob", None),
        ("POST", "/api/users", {"name": "eve"}),
        ("PATCH", "/api/users/bob", {"role": "admin"}),
        ("POST", "/api/users/bob/link", None),
        ("DELETE", "/api/users/bob", None),
    ],
)
def test_only_an_admin_manages_users(call, people, method, path, body):
    answer = call(method, path, key=VIEWER_KEY, **({"json": body} if body else {}))

    assert (told(answer), people.get("bob").role) == ((403, "forbidden"), Role.VIEWER)
