"""Who gets in."""

import pytest

from tests.api.conftest import KEY, VIEWER_KEY

ROUTES = [
    ("GET", "/api/version"),
    ("GET", "/api/auth/me"),
    ("GET", "/api/keys"),
    ("GET", "/api/scripts"),
    ("GET", "/api/scripts/etl/load"),
    ("GET", "/api/scripts/etl/load/next"),
    ("GET", "/api/scripts/etl/load/occurrences"),
    ("POST", "/api/scripts/etl/load/execute"),
    ("GET", "/api/scripts/etl/load/trigger"),
    ("POST", "/api/scripts/etl/load/trigger"),
    ("GET", "/api/runs"),
    ("GET", "/api/runs/20261124T120000-abcdef123456"),
    ("GET", "/api/runs/20261124T120000-abcdef123456/output"),
    ("POST", "/api/runs/20261124T120000-abcdef123456/cancel"),
    ("GET", "/api/plan"),
    ("POST", "/api/reconcile"),
]
CHANGING = [route for route in ROUTES if route[0] == "POST" or route[1].endswith("trigger")]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_key_every_route_asks_for_one(call, method, path):
    answer = call(method, path, key=None)

    assert (answer.status_code, answer.json()["code"], answer.headers["WWW-Authenticate"]) == (
        401,
        "unauthorized",
        'Bearer realm="pysched"',
    )


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_an_unknown_key_is_refused_everywhere(call, method, path):
    assert call(method, path, key="guessed").status_code == 401


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_the_key_opens_every_route(call, method, path):
    assert call(method, path).status_code in {200, 202}


@pytest.mark.parametrize(("method", "path"), CHANGING)
def test_a_key_that_only_reads_starts_nothing(call, engine, method, path):
    answer = call(method, path, key=VIEWER_KEY)

    assert (answer.status_code, answer.json()["code"], engine.asked) == (403, "forbidden", [])


def test_a_bearer_token_is_as_good_as_the_header(call):
    answer = call("GET", "/api/version", key=None, headers={"Authorization": f"Bearer {KEY}"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Cookie": f"X-API-Key={KEY}"}, {"Authorization": f"Basic {KEY}"}]
)
def test_a_key_anywhere_else_does_not_count(call, headers):
    assert call("GET", "/api/version", key=None, headers=headers).status_code == 401


def test_a_key_in_the_address_does_not_count(call):
    answer = call("POST", f"/api/scripts/etl/load/trigger?key={KEY}&api_key={KEY}", key=None)

    assert answer.status_code == 401


def test_a_key_that_is_not_ascii_is_compared_byte_for_byte(call):
    answer = call("GET", "/api/version", key=None, headers={"X-API-Key": "schlüssel".encode()})

    assert answer.status_code == 401
