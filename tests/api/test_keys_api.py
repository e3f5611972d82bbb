"""Giving out keys, and what a key for some scripts reaches."""

import pytest

from engine.model.account import Role
from tests.fakes.clock import FakeClock
from tests.fakes.engine import a_run, a_script
from web.permissions import Keys, Principal, StoredKeys

ADMIN = "the-admin's-key"
OTHER_RUN = "20261124T120000-bbbbbbbbbbbb"
ETL_RUN = "20261124T120000-abcdef123456"


@pytest.fixture
def some(app, engine, call):
    """Call with a key that may do all, on the scripts below etl."""
    fixed = {ADMIN: Principal(name="root", role=Role.ADMIN)}
    before = app.state.keys
    app.state.keys = Keys(fixed, StoredKeys(engine.keys, FakeClock()))
    engine.add(a_script("web/site"), a_run(OTHER_RUN, script="web/site"))
    secret = create(call, scripts=["etl/*"], role="admin")["secret"]
    yield lambda method, path, **options: call(method, path, key=secret, **options)
    app.state.keys = before


def create(call, status=201, **body):
    answer = call("POST", "/api/keys", key=ADMIN, json={"name": "import", **body})
    assert answer.status_code == status
    return answer.json()


def test_a_new_key_comes_with_its_secret_and_is_listed_without(some, call):
    made = create(call, name="other")
    listed = call("GET", "/api/keys", key=ADMIN).json()["items"]

    assert made["secret"].startswith(made["prefix"])
    assert [(one["name"], one["role"], "secret" in one) for one in listed] == [
        ("import", "admin", False),
        ("other", "operator", False),
    ]


def test_a_new_key_opens_at_once(some, call):
    secret = create(call, name="other", role="viewer")["secret"]

    assert call("GET", "/api/version", key=secret).status_code == 200


def test_a_removed_key_is_refused_from_then_on(some, call):
    made = create(call, name="other")
    call("GET", "/api/version", key=made["secret"])
    removed = call("DELETE", f"/api/keys/{made['id']}", key=ADMIN)

    assert (removed.status_code, removed.content) == (204, b"")
    assert call("GET", "/api/version", key=made["secret"]).status_code == 401


def test_a_key_that_is_not_there_cannot_be_removed(some, call):
    assert call("DELETE", "/api/keys/nobody", key=ADMIN).json()["code"] == "not_found"


def test_a_name_is_given_once(some, call):
    assert create(call, status=409)["code"] == "name_taken"


@pytest.mark.parametrize(
    "body",
    [
        {"role": "root"},
        {"scripts": ["etl/[a]"]},
        {"expires": "2020-01-01T00:00:00Z"},
        {"expires": "2030-01-01T00:00:00"},
        {"name": "\x1b[31m"},
        {"colour": "red"},
    ],
)
def test_a_key_that_cannot_be_made_is_refused(some, call, body):
    create(call, status=422, **({"name": "other"} | body))


@pytest.mark.parametrize("role", ["viewer", "operator", "editor"])
def test_only_an_admin_gives_out_keys(some, call, role):
    secret = create(call, name="other", role=role)["secret"]

    answers = [
        call("GET", "/api/keys", key=secret),
        call("POST", "/api/keys", key=secret, json={"name": "mine", "role": "admin"}),
        call("DELETE", "/api/keys/x", key=secret),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/scripts/etl/load"),
        ("GET", "/api/scripts/etl/load/next"),
        ("GET", "/api/scripts/etl/load/occurrences"),
        ("POST", "/api/scripts/etl/load/execute"),
        ("POST", "/api/scripts/etl/load/trigger"),
        ("GET", f"/api/runs/{ETL_RUN}"),
        ("GET", f"/api/runs/{ETL_RUN}/output"),
        ("POST", f"/api/runs/{ETL_RUN}/cancel"),
        ("GET", "/api/version"),
    ],
)
def test_a_key_for_some_scripts_reaches_them(some, method, path):
    assert some(method, path).status_code in {200, 202}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/scripts/web/site", 403),
        ("GET", "/api/scripts/web%2Fsite", 403),
        ("GET", "/api/scripts/nothing/there", 403),
        ("GET", "/api/scripts/web/site/next", 403),
        ("GET", "/api/scripts/web/site/occurrences", 403),
        ("POST", "/api/scripts/web/site/execute", 403),
        ("GET", "/api/scripts/web/site/trigger", 403),
        ("POST", "/api/scripts/web/site/trigger", 403),
        ("GET", f"/api/runs/{OTHER_RUN}", 404),
        ("GET", f"/api/runs/{OTHER_RUN}/output", 404),
        ("POST", f"/api/runs/{OTHER_RUN}/cancel", 404),
        ("GET", "/api/plan", 403),
        ("POST", "/api/reconcile", 403),
        ("GET", "/api/keys", 403),
        ("POST", "/api/keys", 403),
    ],
)
def test_a_key_for_some_scripts_reaches_nothing_else(some, engine, method, path, status):
    body = {"json": {"name": "wider"}} if path == "/api/keys" else {}

    assert (some(method, path, **body).status_code, engine.asked) == (status, [])


def test_lists_leave_out_what_a_key_is_not_for(some, call):
    scripts = some("GET", "/api/scripts").json()["items"]
    runs = some("GET", "/api/runs").json()["items"]

    assert ([one["id"] for one in scripts], [one["id"] for one in runs]) == (
        ["etl/load"],
        [ETL_RUN],
    )


def test_a_run_of_another_script_looks_like_one_that_is_not_there(some):
    hidden, missing = (
        some("GET", f"/api/runs/{run}").json() | {"detail": ""} for run in (OTHER_RUN, "no-such")
    )

    assert hidden == missing


def test_a_key_for_some_scripts_learns_of_health_only_that(some):
    assert set(some("GET", "/api/health").json()) == {"status"}


def test_a_key_is_told_whose_it_is_and_for_what(some):
    assert some("GET", "/api/auth/me").json() == {
        "name": "import",
        "role": "admin",
        "scripts": ["etl/*"],
        "kind": "key",
        "theme": None,
        "timezone": None,
        "has_password": None,
    }
