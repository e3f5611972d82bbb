"""Folders are created, changed and removed over HTTP."""

import pytest

from engine.errors import NotEmpty
from engine.model.file import etag_of


def test_a_new_folder_is_told_with_its_address(call, engine):
    body = {"path": "etl/daily", "manifest": {"python": "3.12", "env": None}}
    answer = call("POST", "/api/folders", json=body)

    assert (answer.status_code, answer.headers["location"], answer.json()["path"]) == (
        201,
        "/api/folders/etl/daily",
        "etl/daily",
    )
    assert engine.edits == [("create folder", "etl/daily", "python", "default key")]


@pytest.mark.parametrize("body", [{}, {"path": ""}, {"path": "a", "x": 1}, {"path": 3}])
def test_what_makes_no_folder_is_refused(call, engine, body):
    assert (call("POST", "/api/folders", json=body).status_code, engine.edits) == (422, [])


def test_keys_of_a_folder_are_changed_if_it_is_the_version_meant(call, engine):
    engine.disk["etl", "folder.yaml"] = b"name: ETL\n"
    tags = [etag_of(b"other"), etag_of(b"name: ETL\n")]
    answers = [
        call("PUT", "/api/folders/etl", json={"python": None}, headers={"If-Match": tag})
        for tag in tags
    ]

    assert [answer.status_code for answer in answers] == [412, 200]
    assert (answers[1].headers["etag"], engine.edits) == (
        etag_of(b"changed"),
        [("change folder", "etl", "python", "default key")],
    )


def test_the_root_is_a_folder_without_a_path(call, engine):
    call("PUT", "/api/folders/", json={"python": "3.12"})

    assert engine.edits == [("change folder", "", "python", "default key")]


def test_a_removal_tells_the_scripts_that_are_gone(call, engine):
    answer = call("DELETE", "/api/folders/etl?recursive=true&discard=true")

    assert answer.json() == {"scripts": ["etl/load"], "commit": "c" * 40}
    assert engine.edits == [("remove folder", "etl", "True", "True", "default key")]


def test_a_folder_that_holds_something_is_kept(call, engine):
    engine.disk_failure = NotEmpty("etl holds load")

    assert call("DELETE", "/api/folders/etl").json()["code"] == "not_empty"


def test_a_viewer_changes_no_folder(call, engine):
    key = "a-key-that-only-reads"
    answers = [
        call("POST", "/api/folders", key=key, json={"path": "a"}),
        call("PUT", "/api/folders/etl", key=key, json={}),
        call("DELETE", "/api/folders/etl", key=key),
    ]

    assert ([answer.status_code for answer in answers], engine.edits) == ([403] * 3, [])
