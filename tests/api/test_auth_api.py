"""Logging in and out, and what a session may do."""

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.model.account import Role
from engine.model.session import SECRET_BYTES, issue_link
from engine.model.user import User
from tests.api.conftest import KEY
from tests.fakes.engine import NOON

ADA, PASSWORD = "Ada", "correct horse battery"
OURS = {"Origin": "http://test"}
FOREIGN = {"Origin": "https://evil.example"}
RUN = "20261124T120000-abcdef123456"


@pytest.fixture
def people(engine):
    """Ada the admin, Bob the viewer."""
    for name, role in ((ADA, Role.ADMIN), ("bob", Role.VIEWER)):
        engine.users.kept[name.lower()] = User(
            name=name, role=role, password=f"hash of {PASSWORD}", created=NOON
        )
    return engine.users


class Browser:
    """Sends its cookie, and says where the page that asks is from."""

    def __init__(self, call, cookie: str = "") -> None:
        self.call = call
        self.cookie = cookie

    def __call__(self, method: str, path: str, *, headers=OURS, **options):
        sent = dict(headers) | ({"Cookie": self.cookie} if self.cookie else {})
        return self.call(method, path, key=None, headers=sent, **options)

    def login(self, name: str = ADA, password: str = PASSWORD, **more):
        body = {"username": name, "password": password}
        answer = self("POST", "/api/auth/login", json=body, **more)
        self.cookie = answer.headers.get("set-cookie", "").partition(";")[0]
        return answer


@pytest.fixture
def browser(call, people):
    return Browser(call)


@pytest.fixture
def ada(browser):
    assert browser.login().status_code == 200
    return browser


@pytest.fixture
def bob(call, people):
    found = Browser(call)
    assert found.login("bob").status_code == 200
    return found


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


def clock(app):
    return app.state.accounts._clock


def told(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# Logging in


def test_a_login_tells_who_it_is_and_sets_the_cookie(browser):
    answer = browser.login("ADA")

    assert (answer.status_code, answer.json()["name"], answer.json()["role"]) == (
        200,
        "Ada",
        "admin",
    )
    assert browser("GET", "/api/auth/me").json()["kind"] == "user"


def test_no_script_and_no_other_site_gets_at_the_cookie(browser):
    attributes = browser.login().headers["set-cookie"].lower().split("; ")[1:]

    assert {"httponly", "samesite=lax", "path=/", "max-age=2592000"} == set(attributes)


@pytest.mark.parametrize(
    "headers", [{"X-Forwarded-Proto": "https"}, {"Origin": "https://test", "Host": "test"}]
)
def test_a_cookie_that_came_by_https_is_sent_by_https_alone(browser, headers):
    assert "Secure" in browser.login(headers=headers).headers["set-cookie"]


@pytest.mark.parametrize(
    ("name", "password"),
    [(ADA, "wrong"), (ADA, ""), ("nobody", PASSWORD), ("", ""), ("a\0b", "c")],
)
def test_whatever_is_wrong_is_told_in_the_same_words(browser, name, password):
    answer = browser.login(name, password)

    assert told(answer) == (401, "invalid_login")
    assert answer.json()["detail"] == "name or password is wrong"
    assert "set-cookie" not in answer.headers


def test_an_unknown_name_costs_the_same_work(browser, app):
    browser.login("nobody")

    assert app.state.accounts.passwords.asked == [(PASSWORD, None)]


def test_a_disabled_user_is_kept_out_in_the_same_words(browser, people):
    people.kept["bob"] = User(
        name="bob",
        role=Role.VIEWER,
        password=f"hash of {PASSWORD}",
        created=NOON,
        disabled=True,
    )

    assert told(browser.login("bob")) == (401, "invalid_login")


@pytest.mark.parametrize("body", [{}, {"username": ADA}, {"password": PASSWORD}, {"name": "x"}])
def test_a_login_needs_name_and_password_or_a_token(browser, body):
    assert told(browser("POST", "/api/auth/login", json=body)) == (422, "validation_error")


def test_another_site_cannot_log_a_browser_in(browser):
    assert told(browser.login(headers=FOREIGN)) == (403, "cross_origin")


def test_a_login_is_noted(browser, people):
    browser.login()

    assert people.get(ADA).last_login == NOON


def test_many_at_once_are_told_to_come_back(browser, app):
    app.state.accounts.passwords.busy = True
    answer = browser.login()

    assert (*told(answer), answer.headers["Retry-After"]) == (503, "busy", "1")


def test_guessing_is_slowed_down_and_then_lets_the_owner_in(browser, app):
    refused = [told(browser.login(password=f"guess {number}")) for number in range(6)]
    answer = browser.login()

    assert refused[-1] == (429, "too_many_logins")
    assert refused[:5] == [(401, "invalid_login")] * 5
    assert (*told(answer), answer.headers["Retry-After"]) == (429, "too_many_logins", "1")
    clock(app).advance(1.0)
    assert browser.login().status_code == 200


@pytest.mark.parametrize("change", [{"password": "hash of another"}, {"disabled": True}])
def test_a_change_of_the_account_during_a_login_lets_nobody_in(
    browser, app, engine, people, monkeypatch, change
):
    async def match(_password, _hashed):
        people.kept["ada"] = replace(people.kept["ada"], **change)
        return True

    monkeypatch.setattr(app.state.accounts.passwords, "match", match)

    assert told(browser.login()) == (401, "invalid_login")
    assert engine.sessions.kept == {}


def test_who_must_wait_is_not_compared(browser, app):
    for number in range(8):
        browser.login(password=f"guess {number}")

    assert len(app.state.accounts.passwords.asked) == 5


# Login links


def invite(engine, app, name=ADA, *, over=False):
    link, secret = issue_link(
        user=name, now=NOON - timedelta(days=2 * over), randomness=bytes(SECRET_BYTES)
    )
    engine.sessions.links[name.lower()] = link
    return {"token": secret}


def test_a_link_logs_in_once(browser, engine, app):
    token = invite(engine, app)
    answers = [browser("POST", "/api/auth/login", json=token) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[0].json()["name"] == ADA
    assert told(answers[1]) == (401, "invalid_login")


@pytest.mark.parametrize("token", ["", "guessed", "ü\0", "x" * 1000])
def test_a_token_that_is_none_lets_nobody_in(browser, engine, app, token):
    invite(engine, app)
    answer = browser("POST", "/api/auth/login", json={"token": token})

    assert told(answer) == (401, "invalid_login")


def test_a_link_that_is_over_lets_nobody_in(browser, engine, app):
    assert told(browser("POST", "/api/auth/login", json=invite(engine, app, over=True))) == (
        401,
        "invalid_login",
    )


def test_a_change_of_the_account_while_a_link_is_redeemed_lets_nobody_in(
    browser, engine, app, people, monkeypatch
):
    redeem = engine.sessions.redeem

    async def redeem_and_change(digest, now):
        user = await redeem(digest, now)
        people.kept["ada"] = replace(people.kept["ada"], password="hash of another")
        return user

    monkeypatch.setattr(engine.sessions, "redeem", redeem_and_change)

    answer = browser("POST", "/api/auth/login", json=invite(engine, app))

    assert (told(answer), engine.sessions.kept) == ((401, "invalid_login"), {})


def test_a_link_never_waits(browser, engine, app):
    for number in range(10):
        browser.login(password=f"guess {number}")

    assert browser("POST", "/api/auth/login", json=invite(engine, app)).status_code == 200


# Sessions


@pytest.mark.parametrize("path", ["/api/scripts", "/api/version", f"/api/runs/{RUN}", "/api/keys"])
def test_a_session_opens_what_its_role_may(ada, path):
    assert ada("GET", path).status_code == 200


def test_a_run_says_who_asked_for_it(ada, engine):
    ada("POST", "/api/scripts/etl/load/execute")

    assert engine.asked == [("execute", "etl/load", (), {}, "Ada")]


def test_a_role_is_that_of_the_user(bob, engine):
    answers = [
        bob("POST", "/api/scripts/etl/load/execute"),
        bob("GET", "/api/users"),
        bob("POST", "/api/users", json={"name": "eve"}),
    ]

    assert [told(one) for one in answers] == [(403, "forbidden")] * 3
    assert engine.asked == []


@pytest.mark.parametrize("cookie", ["pysched_session=guessed", "pysched_session=", "other=1"])
def test_a_cookie_that_opens_nothing_is_as_good_as_none(call, people, cookie):
    browser = Browser(call, cookie)

    assert told(browser("GET", "/api/scripts")) == (401, "unauthorized")
    assert browser("GET", "/api/health").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/scripts/etl/load/execute", None),
        ("POST", f"/api/runs/{RUN}/cancel", None),
        ("POST", "/api/reconcile", None),
        ("POST", "/api/keys", {"name": "stolen", "role": "admin"}),
        ("POST", "/api/users", {"name": "eve", "role": "admin"}),
        ("PATCH", "/api/users/bob", {"role": "admin"}),
        ("DELETE", "/api/users/bob", None),
        ("PATCH", "/api/auth/me", {"theme": "dark"}),
        ("DELETE", "/api/auth/sessions", None),
        ("POST", "/api/auth/logout", None),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        FOREIGN,
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_changes_nothing_with_a_cookie(ada, engine, method, path, body, headers):
    before = dict(engine.users.kept)
    answer = ada(method, path, headers=headers, **({"json": body} if body else {}))

    assert told(answer) == (403, "cross_origin")
    assert (engine.asked, engine.users.kept, engine.keys.kept) == ([], before, {})
    assert ada("GET", "/api/auth/me").status_code == 200


def test_a_cookie_without_any_word_of_a_browser_is_a_program(ada):
    assert ada("POST", "/api/scripts/etl/load/execute", headers={}).status_code == 202


def test_reading_needs_no_origin(ada):
    assert ada("GET", "/api/scripts", headers=FOREIGN).status_code == 200


def test_a_key_needs_no_origin(call, people):
    answer = call("POST", "/api/scripts/etl/load/execute", headers=FOREIGN)

    assert answer.status_code == 202


def test_a_public_address_counts_as_ours(ada, app):
    app.state.accounts.public = ("https://pysched.example.com",)
    headers = {"Origin": "https://pysched.example.com", "Host": "127.0.0.1:8000"}

    assert ada("POST", "/api/scripts/etl/load/execute", headers=headers).status_code == 202


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_cookie_fires_a_url_trigger(ada, engine, method):
    answer = ada(method, "/api/scripts/etl/load/trigger")

    assert (told(answer), engine.asked) == ((403, "key_required"), [])


def test_a_key_beside_a_cookie_fires_a_url_trigger(ada):
    answer = ada.call(
        "POST", "/api/scripts/etl/load/trigger", headers={"Cookie": ada.cookie} | FOREIGN
    )

    assert answer.status_code == 202


def test_a_session_is_over_when_it_is_not_used(ada, app):
    clock(app).advance(timedelta(days=7))

    assert told(ada("GET", "/api/auth/me")) == (401, "unauthorized")


def test_a_session_that_is_used_is_over_all_the_same_in_the_end(ada, app):
    days = 0
    while ada("GET", "/api/auth/me").status_code == 200:
        clock(app).advance(timedelta(days=5))
        days += 5

    assert days == 30


def test_logging_out_ends_the_session_and_forgets_the_cookie(ada):
    cookie = ada.cookie
    answer = ada("POST", "/api/auth/logout")

    assert (answer.status_code, "Max-Age=0" in answer.headers["set-cookie"]) == (204, True)
    assert told(Browser(ada.call, cookie)("GET", "/api/auth/me")) == (401, "unauthorized")


def test_logging_out_without_a_session_is_no_failure(browser):
    assert browser("POST", "/api/auth/logout").status_code == 204


def test_sessions_are_listed_with_where_they_were_opened(ada):
    other = Browser(ada.call)
    other.login(headers=OURS | {"User-Agent": "Phone\x01/1"})
    [first, second] = sorted(
        ada("GET", "/api/auth/sessions").json()["items"], key=lambda one: one["current"]
    )

    assert (first["agent"], first["current"], second["current"]) == ("Phone/1", False, True)
    assert second["expires"] == "2026-12-01T12:00:00Z"
    assert not any("digest" in one or "secret" in one for one in (first, second))


def test_a_user_sees_and_ends_no_sessions_of_others(ada, bob):
    [mine] = ada("GET", "/api/auth/sessions").json()["items"]
    [his] = bob("GET", "/api/auth/sessions").json()["items"]
    answer = bob("DELETE", f"/api/auth/sessions/{mine['id']}")

    assert mine["id"] != his["id"]
    assert told(answer) == (404, "not_found")
    assert ada("GET", "/api/auth/me").status_code == 200


def test_a_session_that_is_ended_opens_nothing_from_then_on(ada):
    other = Browser(ada.call)
    other.login()
    other("GET", "/api/auth/me")
    [ended] = [
        one for one in ada("GET", "/api/auth/sessions").json()["items"] if not one["current"]
    ]

    assert ada("DELETE", f"/api/auth/sessions/{ended['id']}").status_code == 204
    assert other("GET", "/api/auth/me").status_code == 401
    assert ada("GET", "/api/auth/me").status_code == 200


def test_all_other_sessions_are_ended_at_once(ada):
    others = [Browser(ada.call) for _ in range(2)]
    for other in others:
        other.login()
        other("GET", "/api/auth/me")

    assert ada("DELETE", "/api/auth/sessions").status_code == 204
    assert [one("GET", "/api/auth/me").status_code for one in (*others, ada)] == [401, 401, 200]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/api/auth/me"),
        ("GET", "/api/auth/sessions"),
        ("DELETE", "/api/auth/sessions"),
        ("DELETE", "/api/auth/sessions/x"),
    ],
)
def test_a_key_has_no_account(call, method, path):
    answer = call(method, path, **({"json": {}} if method == "PATCH" else {}))

    assert told(answer) == (403, "user_required")


# The own account


def change(browser, **body):
    return browser("PATCH", "/api/auth/me", json=body)


def test_theme_and_time_zone_are_the_users_own(bob):
    change(bob, theme="dark", timezone="Europe/Berlin")
    changed = bob("GET", "/api/auth/me").json()
    change(bob, timezone="")

    assert (changed["theme"], changed["timezone"]) == ("dark", "Europe/Berlin")
    assert (bob("GET", "/api/auth/me").json()["theme"], change(bob).json()["timezone"]) == (
        "dark",
        None,
    )


@pytest.mark.parametrize(
    "body",
    [
        {"theme": "pink"},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
        {"password": "short", "old_password": PASSWORD},
        {"password": "administrator1", "old_password": PASSWORD},
        {"role": "admin"},
        {"disabled": False},
    ],
)
def test_what_cannot_be_is_refused(bob, people, body):
    before = people.get("bob")

    assert change(bob, **body).status_code == 422
    assert people.get("bob") == before


@pytest.mark.parametrize("old", [{}, {"old_password": "wrong"}])
def test_a_new_password_needs_the_old_one(bob, people, old):
    assert told(change(bob, password="a brand new one", **old)) == (403, "wrong_password")
    assert people.get("bob").password == f"hash of {PASSWORD}"


def test_a_new_password_ends_the_other_sessions(bob):
    other = Browser(bob.call)
    other.login("bob")
    other("GET", "/api/auth/me")
    answer = change(bob, password="a brand new one", old_password=PASSWORD)

    assert answer.status_code == 200
    assert [one("GET", "/api/auth/me").status_code for one in (bob, other)] == [200, 401]
    assert other.login("bob").status_code == 401
    assert other.login("bob", "a brand new one").status_code == 200


def test_guessing_the_old_password_is_slowed_down_too(bob):
    found = [told(change(bob, password="a brand new one", old_password=str(n))) for n in range(6)]

    assert found[-1] == (429, "too_many_logins")


def test_who_came_by_a_link_and_has_no_password_gives_himself_one(
    call, browser, people, engine, app
):
    people.kept["eve"] = User(name="eve", role=Role.VIEWER, password=None, created=NOON)
    answer = browser("POST", "/api/auth/login", json=invite(engine, app, "eve"))
    browser.cookie = answer.headers["set-cookie"].partition(";")[0]

    assert answer.json()["has_password"] is False
    assert change(browser, password="a brand new one").json()["has_password"] is True


# HTTP Basic


def test_a_password_opens_by_basic(call, people):
    answer = call("GET", "/api/auth/me", key=None, headers=basic("ada", PASSWORD))

    assert (answer.status_code, answer.json()["name"]) == (200, "Ada")


def test_a_password_by_basic_is_compared_once(call, people, app):
    for _ in range(5):
        call("GET", "/api/version", key=None, headers=basic("ada", PASSWORD))

    assert len(app.state.accounts.passwords.asked) == 1


def test_an_api_key_is_a_password_by_basic(call, people):
    answer = call("GET", "/api/auth/me", key=None, headers=basic("anything", KEY))

    assert (answer.status_code, answer.json()["kind"]) == (200, "key")


@pytest.mark.parametrize("given", [("ada", "wrong"), ("nobody", PASSWORD), ("", ""), ("bob", "")])
def test_a_wrong_password_by_basic_is_refused(call, people, given):
    answer = call("GET", "/api/health", key=None, headers=basic(*given))

    assert told(answer) == (401, "unauthorized")


@pytest.mark.parametrize("sent", ["", "!", "YQ==", "/w==", "Ojo=" * 1000])
def test_what_is_no_basic_is_refused(call, people, sent):
    answer = call("GET", "/api/version", key=None, headers={"Authorization": f"Basic {sent}"})

    assert answer.status_code == 401


def test_a_changed_password_is_wrong_by_basic_at_once(call, people, ada):
    asked = lambda: call("GET", "/api/version", key=None, headers=basic("bob", PASSWORD))  # noqa: E731
    before = asked().status_code
    ada("PATCH", "/api/users/bob", json={"password": "another long one"})

    assert (before, asked().status_code) == (200, 401)


def test_a_disabled_user_is_kept_out_by_basic_at_once(call, people, ada):
    asked = lambda: call("GET", "/api/version", key=None, headers=basic("bob", PASSWORD))  # noqa: E731
    before = asked().status_code
    ada("PATCH", "/api/users/bob", json={"disabled": True})

    assert (before, asked().status_code) == (200, 401)


def test_another_site_changes_nothing_with_a_remembered_password(call, people, engine):
    for given in (basic("ada", PASSWORD), basic("x", KEY)):
        answer = call("POST", "/api/reconcile", key=None, headers=given | FOREIGN)
        assert told(answer) == (403, "cross_origin")

    assert engine.asked == []


@pytest.mark.parametrize("given", [basic("ada", PASSWORD), basic("x", KEY)])
def test_no_remembered_password_fires_a_url_trigger(call, people, engine, given):
    answer = call("GET", "/api/scripts/etl/load/trigger", key=None, headers=given)

    assert (told(answer), engine.asked) == ((403, "key_required"), [])
