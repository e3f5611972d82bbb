"""Files of scripts over HTTP: versions, refusals, what is told of an edit."""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import CannotWrite, NoSpace
from engine.model.file import etag_of
from engine.model.tree import Problem
from tests.fakes.engine import a_script

MAIN = "/api/scripts/etl/load/files/load.py"
OLD, NEW = b"print('old')\r\n", b"print('new')\r\n"


@pytest.fixture
def engine(engine):
    engine.disk["etl/load", "load.py"] = OLD
    return engine


def test_a_file_comes_byte_for_byte_with_its_version(call):
    answer = call("GET", MAIN)

    assert (answer.content, answer.headers["etag"]) == (OLD, etag_of(OLD))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (OLD, "text/plain; charset=utf-8"),
        ("Größe".encode(), "text/plain; charset=utf-8"),
        (b"", "text/plain; charset=utf-8"),
        (b"\xff\xfe", "application/octet-stream"),
        (b"a\0b", "application/octet-stream"),
    ],
)
def test_text_is_told_from_bytes_and_never_run_by_a_browser(call, engine, content, kind):
    engine.disk["etl/load", "page.html"] = content
    answer = call("GET", "/api/scripts/etl/load/files/page.html")

    assert answer.headers["content-type"] == kind
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_version_that_is_known_already_is_not_sent_again(call):
    answer = call("GET", MAIN, headers={"If-None-Match": etag_of(OLD)})

    assert (answer.status_code, answer.content) == (304, b"")


def test_files_are_listed_with_their_versions(call):
    assert call("GET", "/api/scripts/etl/load/files").json() == {
        "items": [
            {
                "path": "load.py",
                "size": len(OLD),
                "modified": "2026-11-24T12:00:00Z",
                "etag": etag_of(OLD),
            }
        ],
        "complete": True,
        "next_cursor": None,
    }


def test_an_edit_tells_the_new_version_and_the_mistakes_of_the_script(call, engine):
    engine.mistakes = (Problem(path="etl/load/script.yaml", line=3, code="x", message="bad"),)
    answer = call("PUT", MAIN, content=NEW, headers={"If-Match": etag_of(OLD)})

    told = answer.json()
    assert (answer.status_code, answer.headers["etag"], told["created"]) == (
        200,
        etag_of(NEW),
        False,
    )
    assert [one["line"] for one in told["problems"]] == [3]


def test_what_was_sent_is_what_is_written(call, engine):
    call("PUT", MAIN, content=b"\xff\r\n\0")

    assert engine.disk["etl/load", "load.py"] == b"\xff\r\n\0"


def test_a_new_file_is_created_and_called_so(call):
    answer = call("PUT", "/api/scripts/etl/load/files/lib/a.py", content=b"")

    assert (answer.status_code, answer.json()["created"]) == (201, True)


def test_the_second_of_two_editors_is_told_both_versions(call):
    call("PUT", MAIN, content=NEW, headers={"If-Match": etag_of(OLD)})
    answer = call("PUT", MAIN, content=b"mine", headers={"If-Match": etag_of(OLD)})

    told = answer.json()
    assert (answer.status_code, told["code"]) == (412, "changed_meanwhile")
    assert (told["sent"], told["current"], told["content"]) == (
        etag_of(OLD),
        etag_of(NEW),
        NEW.decode(),
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": "*"}, 200),
        ({"If-Match": f'"other", {etag_of(OLD)}'}, 200),
        ({"If-Match": f"W/{etag_of(OLD)}"}, 412),
        ({"If-None-Match": "*"}, 412),
        ({"If-Match": "no quotes"}, 422),
        ({"If-Match": ""}, 422),
    ],
)
def test_an_edit_is_made_to_the_version_that_is_meant_alone(call, headers, status):
    assert call("PUT", MAIN, content=NEW, headers=headers).status_code == status


def test_a_new_file_takes_the_place_of_none(call):
    path = "/api/scripts/etl/load/files/new.py"
    both = [call("PUT", path, content=NEW, headers={"If-None-Match": "*"}) for _ in range(2)]

    assert [answer.status_code for answer in both] == [201, 412]


def test_a_file_is_removed_if_it_is_the_version_meant(call, engine):
    answers = [call("DELETE", MAIN, headers={"If-Match": etag_of(tag)}) for tag in (NEW, OLD, OLD)]

    assert [answer.status_code for answer in answers] == [412, 200, 412]
    assert engine.edits == [("remove", "etl/load", "load.py", "default key")]


def test_a_file_that_is_not_there_can_neither_be_read_nor_removed(call):
    path = "/api/scripts/etl/load/files/none.py"

    assert [call(verb, path).status_code for verb in ("GET", "DELETE")] == [404, 404]


def test_more_bytes_than_the_bound_are_refused(call, engine):
    answer = call("PUT", MAIN, content=b"x" * (engine.largest_file + 1))

    assert (answer.status_code, answer.json()["code"], engine.edits) == (
        413,
        "payload_too_large",
        [],
    )


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (NoSpace("load.py: No space left on device"), 507, "no_space"),
        (CannotWrite("load.py: Read-only file system"), 503, "cannot_write"),
    ],
)
def test_a_disk_that_takes_nothing_is_told(call, engine, failure, status, code):
    engine.disk_failure = failure
    answer = call("PUT", MAIN, content=NEW)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "path",
    [
        "../other/load.py",
        "a/../../b",
        "%2e%2e/b",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        ".git/config",
        "lib/.GIT/hooks/pre-commit",
        ".venv/bin/python",
        "a%5Cb",
        "a%00b",
        "a%0d%0ab",
        "",
        "x" * 300,
    ],
)
@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE"])
def test_no_path_leads_out_of_the_script(call, engine, verb, path):
    answer = call(verb, f"/api/scripts/etl/load/files/{path}")

    assert (answer.status_code in {404, 405, 422}, engine.edits) == (True, [])


@pytest.mark.parametrize("path", ["next", "files/next", "a/files/b", "sub/execute", "history/x"])
def test_a_file_may_be_called_like_a_route(call, engine, path):
    call("PUT", f"/api/scripts/etl/load/files/{path}", content=NEW)

    assert engine.disk["etl/load", path] == NEW
    assert call("GET", f"/api/scripts/etl/load/files/{path}").content == NEW


def test_a_script_in_a_folder_called_files_has_files_too(call, engine):
    engine.add(a_script("files/load"))
    engine.disk["files/load", "a.py"] = NEW

    assert call("GET", "/api/scripts/files/load/files/a.py").content == NEW


def test_a_viewer_reads_and_changes_nothing(call, engine):
    key = "a-key-that-only-reads"
    answers = [call(verb, MAIN, key=key) for verb in ("GET", "PUT", "DELETE")]

    assert [answer.status_code for answer in answers] == [200, 403, 403]
    assert engine.edits == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(path=st.text(st.characters(codec="utf-8"), max_size=40))
def test_no_path_breaks_the_server(call, path):
    answer = call("GET", f"/api/scripts/etl/load/files/{quote(path, safe='/')}")

    assert answer.status_code in {200, 404, 422}
