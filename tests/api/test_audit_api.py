"""The audit log: every change and every denied attempt is in it, and nothing that is secret."""

from datetime import timedelta

import pytest

from engine.model.audit import AuditEntry
from tests.api.conftest import VIEWER_KEY
from tests.fakes.engine import NOON, overlapping
from web.guards.marks import READING, changes

RUN = "20261124T120000-abcdef123456"
EXECUTE = "/api/scripts/etl/load/execute"

CHANGE_NOTHING = {"/api/preview", "/api/check", "/api/complete"}
"""Routes whose method might change something and which do not; a new one is to be looked at."""


@pytest.mark.parametrize(
    ("method", "path", "action", "parameters"),
    [
        ("POST", EXECUTE, "POST /api/scripts/{script_id}/execute", {"script_id": "etl/load"}),
        (
            "GET",
            "/api/scripts/etl/load/trigger",
            "GET /api/scripts/{script_id}/trigger",
            {"script_id": "etl/load"},
        ),
        ("POST", f"/api/runs/{RUN}/cancel", "POST /api/runs/{run_id}/cancel", {"run_id": RUN}),
        ("POST", "/api/reconcile", "POST /api/reconcile", {}),
        ("DELETE", "/api/keys/nobody", "DELETE /api/keys/{key_id}", {"key_id": "nobody"}),
    ],
)
def test_a_change_is_on_record(call, engine, method, path, action, parameters):
    answer = call(method, path)

    (entry,) = engine.audit.entries
    assert (entry.action, entry.who, entry.status) == (action, "default key", answer.status_code)
    assert parameters.items() <= entry.parameters.items()


def test_an_entry_bears_the_number_that_the_caller_was_told(call, engine):
    answer = call("POST", EXECUTE)

    assert engine.audit.entries[0].request_id == answer.headers["x-request-id"]


def test_a_start_names_the_run_it_made(call, engine):
    run_id = call("POST", EXECUTE).json()["run_id"]

    assert engine.audit.entries[0].parameters["run_id"] == run_id


def test_a_change_that_was_refused_is_on_record_with_its_code(call, engine):
    engine.refusal = overlapping()
    call("POST", EXECUTE)

    assert [(entry.status, entry.code) for entry in engine.audit.entries] == [(409, "overlap")]


@pytest.mark.parametrize("path", ["/api/runs", "/api/scripts", "/api/health", "/api/nothing"])
def test_looking_leaves_no_entry(call, engine, path):
    call("GET", path)

    assert engine.audit.entries == []


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_an_address_that_is_nothing_leaves_no_entry(call, engine, method):
    call(method, "/api/health")
    call(method, "/api/nothing/at/all")

    assert engine.audit.entries == []


def test_a_preview_changes_nothing(call, engine):
    call("POST", "/api/preview", json={"trigger": {"cron": "* * * * *"}})

    assert engine.audit.entries == []


@pytest.mark.parametrize(
    ("key", "method", "path", "denied"),
    [
        (None, "GET", "/api/runs", (401, "")),
        ("wrong", "GET", "/api/runs", (401, "")),
        (VIEWER_KEY, "GET", "/api/keys", (403, "reader")),
        (VIEWER_KEY, "POST", EXECUTE, (403, "reader")),
    ],
)
def test_who_is_denied_is_on_record(call, engine, key, method, path, denied):
    call(method, path, key=key)

    assert [(entry.status, entry.who) for entry in engine.audit.entries] == [denied]


def test_nothing_secret_is_on_record(call, engine):
    call("POST", "/api/keys", json={"name": "import"})
    call("POST", "/api/scripts/etl/load/trigger", content=b"hunter2")
    call("GET", "/api/runs", key="hunter2")
    call("GET", "/hooks/hunter2hunter2hunter2hunter2hunter2", key=None)

    assert "hunter2" not in str(engine.audit.entries)
    assert "hunter2" not in str(engine.audit.entries[1].parameters)
    assert len(engine.audit.entries) == 4


def test_a_new_key_is_on_record_by_its_name(call, engine):
    call("POST", "/api/keys", json={"name": "import"})

    assert engine.audit.entries[0].parameters["name"] == "import"


def test_every_route_that_changes_nothing_by_a_changing_method_is_known(app):
    app.openapi()  # Has all routes put in place.
    silent = {
        route.path
        for route in app.router.routes
        for method in getattr(route, "methods", None) or ()
        if method not in READING and not changes(method, route.endpoint)
    }

    assert silent == CHANGE_NOTHING


# Reading it


def entry(minutes: int, **values: object) -> AuditEntry:
    moment = NOON + timedelta(minutes=minutes)
    changed = {"at": moment, "action": "POST /api/keys", **values}
    return AuditEntry(**changed)  # pyright: ignore[reportArgumentType]


def test_it_is_listed_newest_first(call, engine):
    engine.audit.store.kept += [entry(1, who="ada"), entry(2, who="bob")]

    items = call("GET", "/api/audit").json()["items"]

    assert [(item["who"], item["at"]) for item in items] == [
        ("bob", "2026-11-24T12:02:00Z"),
        ("ada", "2026-11-24T12:01:00Z"),
    ]


def test_it_can_be_filtered_and_paged(call, engine):
    engine.audit.store.kept += [entry(minute, who="ada") for minute in range(3)]
    engine.audit.store.kept += [entry(9, who="bob")]

    first = call("GET", "/api/audit?who=ada&limit=2").json()
    second = call("GET", f"/api/audit?who=ada&limit=2&cursor={first['next_cursor']}").json()

    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (2, 1, None)


def test_it_is_for_administrators(call):
    assert call("GET", "/api/audit", key=VIEWER_KEY).status_code == 403


def test_a_new_script_is_on_record_by_its_id(call, engine):
    made = call("POST", "/api/scripts", json={"name": "Import Data"}).json()["id"]

    assert engine.audit.entries[0].parameters["script_id"] == made
