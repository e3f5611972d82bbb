"""Notifications over HTTP: the list, and the test of the way there."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.model.account import Role
from engine.model.notice import Delivery, DeliveryState, Tried
from tests.fakes.clock import START
from tests.fakes.engine import a_script
from tests.fakes.told import a_notice
from web.permissions import Keys, Principal

WAITING = Delivery(
    id=7,
    notice=a_notice(),
    target="slack://TokenA/TokenB",
    state=DeliveryState.WAITING,
    attempts=2,
    next_at=START + timedelta(seconds=15),
    error="busy",
)
OTHER = replace(WAITING, id=8, notice=a_notice("n2", script="web/site"))
PRINCIPALS = {
    "editor": Principal(name="ed", role=Role.EDITOR),
    "operator": Principal(name="op", role=Role.OPERATOR),
    "some": Principal(name="some", role=Role.EDITOR, scripts=("etl/*",)),
}


@pytest.fixture(autouse=True)
def told(app, engine):
    before = app.state.keys
    app.state.keys = Keys(
        {**PRINCIPALS, "a-key-of-the-tests": Principal(name="a", role=Role.ADMIN)}
    )
    engine.add(a_script("web/site"))
    engine.told = [OTHER, WAITING]
    engine.tried = [Tried(target="slack://…", delivered=False, detail="403 no such token")]
    yield
    app.state.keys = before


def test_a_delivery_is_listed_without_the_tokens_of_its_url(call):
    answer = call("GET", "/api/notifications", params={"script": "etl/load"})

    assert answer.json()["items"] == [
        {
            "id": 7,
            "event": "failure",
            "script": "etl/load",
            "run_id": "20261124T090100-000000000001",
            "subject": "[pysched] Load failed: exit 3",
            "target": "slack://…",
            "state": "waiting",
            "attempts": 2,
            "error": "busy",
            "created_at": "2026-05-01T09:00:00Z",
            "next_attempt_at": "2026-05-01T09:00:15Z",
            "delivered_at": None,
        }
    ]


def test_a_key_for_some_scripts_sees_their_notifications_alone(call):
    items = call("GET", "/api/notifications", key="some").json()["items"]

    assert [each["id"] for each in items] == [7]


def test_a_list_goes_on_by_its_cursor(call):
    first = call("GET", "/api/notifications", params={"limit": 1}).json()

    assert (len(first["items"]), first["next_cursor"]) == (1, "more")


def test_a_test_tells_what_the_other_side_answered(call, engine):
    answer = call("POST", "/api/notifications/test", json={"script": "etl/load"})

    assert answer.json() == {
        "items": [{"target": "slack://…", "delivered": False, "detail": "403 no such token"}]
    }
    assert engine.asked == [("test notification", "etl/load", None)]


@pytest.mark.parametrize(
    ("key", "body", "status"),
    [
        ("editor", {"to": "ops@example.com"}, 200),
        ("editor", {"script": "etl/load"}, 200),
        ("some", {"script": "etl/load"}, 200),
        ("some", {"script": "web/site"}, 403),
        ("some", {"to": "ops@example.com"}, 403),
        ("operator", {"script": "etl/load"}, 403),
        ("editor", {}, 422),
        ("editor", {"script": "etl/load", "to": "ops@example.com"}, 422),
        ("editor", {"script": "no/such"}, 404),
        (None, {"script": "etl/load"}, 401),
    ],
)
def test_an_editor_tries_what_the_key_is_for(call, key, body, status):
    assert call("POST", "/api/notifications/test", key=key, json=body).status_code == status
