"""Scripts are created, changed key by key, and removed over HTTP."""

import pytest

from engine.errors import InvalidManifest, NameTaken, NotRestorable
from engine.model.file import etag_of

SCRIPT = "/api/scripts/etl/load"


def test_a_new_script_is_told_with_its_address(call, engine):
    answer = call("POST", "/api/scripts", json={"name": "Load All", "folder": "etl"})

    assert (answer.status_code, answer.headers["location"], answer.json()["id"]) == (
        201,
        "/api/scripts/etl/load-all",
        "etl/load-all",
    )
    assert engine.edits == [("create", "etl/load-all", "", "default key")]


def test_a_new_script_may_come_with_code_and_keys(call, engine):
    body = {"name": "A", "code": "print()", "manifest": {"enabled": False, "group": None}}
    call("POST", "/api/scripts", json=body)

    assert engine.edits == [("create", "a", "enabled", "print()", "default key")]


def test_a_name_that_is_taken_is_refused(call, engine):
    engine.disk_failure = NameTaken("etl/load is there already")
    answer = call("POST", "/api/scripts", json={"name": "Load", "folder": "etl"})

    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "!!!"},
        {"name": "x" * 300},
        {"name": "a", "colour": "red"},
        {"name": "a", "manifest": {"args": ["x" * 70_000]}},
        {"name": "a", "manifest": []},
    ],
)
def test_what_makes_no_script_is_refused(call, engine, body):
    assert call("POST", "/api/scripts", json=body).status_code == 422
    assert engine.edits == []


def test_keys_of_a_manifest_are_changed_and_the_script_is_told(call, engine):
    answer = call("PUT", SCRIPT, json={"enabled": False, "env": None})

    assert (answer.status_code, answer.headers["etag"], answer.json()["id"]) == (
        200,
        etag_of(b"changed"),
        "etl/load",
    )
    assert engine.edits == [("change", "etl/load", "enabled", "env", "default key")]


def test_a_manifest_that_is_another_version_is_not_changed(call, engine):
    engine.disk["etl/load", "script.yaml"] = b"name: other\n"
    answer = call("PUT", SCRIPT, json={"enabled": False}, headers={"If-Match": etag_of(b"mine")})

    assert (answer.status_code, answer.json()["content"], engine.edits) == (
        412,
        "name: other\n",
        [],
    )


def test_mistakes_are_told_with_their_places(call, engine):
    problem = {"path": "etl/load/script.yaml", "line": 2, "column": 1, "message": "no"}
    engine.disk_failure = InvalidManifest("nothing was written", problems=[problem])
    answer = call("PUT", SCRIPT, json={"crn": "x"})

    assert (answer.status_code, answer.json()["code"], answer.json()["problems"]) == (
        422,
        "invalid_manifest",
        [problem],
    )


def nested(depth: int) -> object:
    return {"a": nested(depth - 1)} if depth else 1


@pytest.mark.parametrize("body", [[], "x", None, 1, nested(60), {"args": ["x" * 70_000]}])
def test_what_are_no_keys_is_refused(call, engine, body):
    assert call("PUT", SCRIPT, json=body).status_code == 422
    assert engine.edits == []


def test_a_script_is_removed_in_a_commit(call, engine):
    answer = call("DELETE", SCRIPT)

    assert (answer.status_code, answer.json()) == (
        200,
        {"scripts": ["etl/load"], "commit": "c" * 40},
    )
    assert engine.edits == [("remove", "etl/load", "", "default key")]


def test_what_git_does_not_hold_goes_when_that_is_said(call, engine):
    call("DELETE", SCRIPT + "?discard=true")

    assert engine.edits == [("remove", "etl/load", "all", "default key")]


def test_a_removal_that_could_not_be_undone_is_refused(call, engine):
    engine.disk_failure = NotRestorable("etl/load holds files that git ignores: data.csv")
    answer = call("DELETE", SCRIPT)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_restorable")


@pytest.mark.parametrize("verb", ["PUT", "DELETE"])
def test_a_script_that_is_not_there_is_neither_changed_nor_removed(call, verb):
    assert call(verb, "/api/scripts/none", json={}).status_code == 404


def test_a_viewer_changes_nothing(call, engine):
    key = "a-key-that-only-reads"
    answers = [
        call("POST", "/api/scripts", key=key, json={"name": "a"}),
        call("PUT", SCRIPT, key=key, json={}),
        call("DELETE", SCRIPT, key=key),
    ]

    assert ([answer.status_code for answer in answers], engine.edits) == ([403] * 3, [])
