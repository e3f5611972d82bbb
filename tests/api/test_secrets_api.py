"""Keeping secrets by the API: values come in and never out."""

import pytest

from tests.api.conftest import VIEWER_KEY

VALUE = "hunter22-of-the-house"


@pytest.fixture
def token(call):
    answer = call(
        "POST",
        "/api/secrets",
        json={"name": "TOKEN", "value": VALUE, "scripts": ["etl/*"], "description": "why"},
    )
    assert answer.status_code == 201
    return answer


def test_a_secret_is_kept_for_its_scripts(token, engine):
    assert engine.secrets.reveal("etl/load", ["TOKEN"]) == {"TOKEN": VALUE}


def test_all_but_the_value_is_told(token):
    told = token.json()

    assert (told["name"], told["scripts"], told["description"], told["created_by"]) == (
        "TOKEN",
        ["etl/*"],
        "why",
        "default key",
    )
    assert set(told) == {
        "name", "scripts", "description", "created", "created_by", "updated", "updated_by",
        "last_used",
    }  # fmt: skip


def test_no_answer_shows_a_value(token, call):
    answers = [
        token,
        call("GET", "/api/secrets"),
        call("GET", "/api/secrets/TOKEN"),
        call("PUT", "/api/secrets/TOKEN", json={"value": VALUE}),
        call("POST", "/api/secrets", json={"name": "TOKEN", "value": VALUE}),
        call("POST", "/api/secrets", json={"name": "token", "value": VALUE}),
        call("POST", "/api/secrets", json={"name": "B", "value": VALUE + "\0"}),
        call("POST", "/api/secrets", json={"name": "B", "value": [VALUE]}),
        call("POST", "/api/secrets", json={"name": "B", "value": VALUE * 10_000}),
        call("POST", "/api/secrets", json={"name": "B", "valu": VALUE, "value": VALUE}),
        call("POST", "/api/secrets", content=f'{{"value": "{VALUE}'),
    ]

    assert [each.status_code for each in answers] == [
        201, 200, 200, 200, 409, 422, 422, 422, 422, 422, 422,
    ]  # fmt: skip
    assert not any(VALUE in each.text for each in answers)


def test_secrets_are_listed_by_name(token, call):
    call("POST", "/api/secrets", json={"name": "A", "value": VALUE})

    listed = call("GET", "/api/secrets").json()
    assert ([one["name"] for one in listed["items"]], listed["next_cursor"]) == (
        ["A", "TOKEN"],
        None,
    )


def test_what_is_left_out_of_a_change_stays(token, call, engine):
    told = call("PUT", "/api/secrets/TOKEN", json={"value": "another value"}).json()

    assert (told["scripts"], told["description"]) == (["etl/*"], "why")
    assert engine.secrets.values["TOKEN"] == "another value"


def test_scripts_are_changed_without_the_value(token, call, engine):
    told = call("PUT", "/api/secrets/TOKEN", json={"scripts": []}).json()

    assert (told["scripts"], engine.secrets.values["TOKEN"]) == ([], VALUE)


def test_a_removed_secret_is_gone(token, call):
    removed = call("DELETE", "/api/secrets/TOKEN")

    assert (removed.status_code, removed.content) == (204, b"")
    assert call("GET", "/api/secrets/TOKEN").json()["code"] == "not_found"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_secret_that_is_not_there_is_not_found(call, method):
    body = {"json": {"value": VALUE}} if method == "PUT" else {}

    assert call(method, "/api/secrets/NOBODY", **body).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"name": "db-password"},
        {"name": ""},
        {"value": ""},
        {"scripts": ["[a]"]},
        {"scripts": "etl/*"},
        {"colour": "red"},
    ],
    ids=str,
)
def test_a_secret_that_cannot_be_is_refused(call, body):
    answer = call("POST", "/api/secrets", json={"name": "A", "value": VALUE} | body)

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/secrets"),
        ("POST", "/api/secrets"),
        ("GET", "/api/secrets/TOKEN"),
        ("PUT", "/api/secrets/TOKEN"),
        ("DELETE", "/api/secrets/TOKEN"),
    ],
)
def test_only_an_admin_has_to_do_with_secrets(token, call, method, path):
    body = {"name": "B", "value": VALUE} if method == "POST" else {"value": VALUE}
    options = {"json": body} if method in {"POST", "PUT"} else {}

    asked = [call(method, path, key=key, **options).status_code for key in (VIEWER_KEY, None)]
    assert asked == [403, 401]


def test_the_document_says_that_values_only_come_in(call):
    shapes = call("GET", "/api/openapi.json").json()["components"]["schemas"]
    value = shapes["CreateSecretRequest"]["properties"]["value"]

    assert (value["writeOnly"], value["format"], "examples" in value) == (True, "password", False)
    assert "value" not in shapes["Secret"]["properties"]
