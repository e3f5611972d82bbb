"""`pysched secret` on a data directory."""

import io
import json
import sys

import pytest

from web.cli.failure import guarded
from web.cli.main import app

VALUE = "hunter22-of-the-house"


@pytest.fixture
def pysched(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYSCHED_SECRET_KEY", raising=False)

    def run(*arguments: str, given: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
        code = guarded(lambda: app(("secret", *arguments)))
        return code, *capfd.readouterr()

    return run


def listed(pysched):
    return json.loads(pysched("list", "--json")[1])["items"]


def test_without_a_data_directory_there_are_no_secrets(pysched, tmp_path):
    assert pysched("list") == (0, "no secrets; `pysched secret add NAME` keeps one\n", "")
    assert not (tmp_path / "data").exists()


def test_a_value_is_read_from_the_standard_input(pysched, tmp_path):
    assert pysched("add", "TOKEN", given=f"{VALUE}\n") == (
        0,
        "kept secret TOKEN for all scripts\n",
        "",
    )
    assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o777 == 0o600


def test_no_command_shows_a_value_and_no_file_holds_it(pysched, tmp_path):
    said = [
        pysched("add", "TOKEN", given=VALUE),
        pysched("add", "TOKEN", given=VALUE),
        pysched("add", "--replace", "TOKEN", "--json", given=VALUE),
        pysched("list"),
        pysched("list", "--json"),
        pysched("grant", "TOKEN", "etl/*", "--only"),
        pysched("rotate"),
        pysched("remove", "TOKEN"),
    ]

    assert [code for code, *_ in said] == [0, 1, 0, 0, 0, 0, 0, 0]
    assert not any(VALUE in output + error for _, output, error in said)
    files = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert files
    assert not any(VALUE.encode() in each.read_bytes() for each in files)


def test_a_value_cannot_be_an_argument(pysched):
    assert pysched("add", "TOKEN", VALUE)[0] == 2


@pytest.mark.parametrize(
    ("given", "error"),
    [("", "must not be empty"), ("a\0b", "NUL"), ("x" * 20_000, "16384 bytes")],
)
def test_a_value_that_cannot_be_is_an_error(pysched, given, error):
    code, _, told = pysched("add", "TOKEN", given=given)

    assert (code, error in told, listed(pysched)) == (1, True, [])


def test_a_name_that_cannot_be_is_an_error_before_the_value_is_asked_for(pysched, tmp_path):
    code, _, error = pysched("add", "db-password", given=VALUE)

    assert (code, "such as DB_PASSWORD" in error) == (1, True)
    assert not (tmp_path / "data").exists()


def test_a_value_that_is_too_short_to_be_hidden_is_told(pysched):
    assert "not hidden in output" in pysched("add", "PIN", given="123\n")[2]


def test_a_secret_is_listed_with_all_that_was_said_of_it(pysched):
    pysched("add", "TOKEN", "--script", "etl/*", "--description", "why", given=VALUE)

    [found] = listed(pysched)
    assert (found["name"], found["scripts"], found["description"], found["last_used"]) == (
        "TOKEN",
        ["etl/*"],
        "why",
        None,
    )


def test_a_replaced_value_leaves_the_rest(pysched):
    pysched("add", "TOKEN", "--script", "etl/*", given=VALUE)
    pysched("add", "--replace", "TOKEN", given="another")

    assert [one["scripts"] for one in listed(pysched)] == [["etl/*"]]


@pytest.mark.parametrize(
    ("first", "arguments", "scripts"),
    [
        (["etl/*"], ["web"], ["etl/*", "web"]),
        (["etl/*"], ["web", "--only"], ["web"]),
        (["etl/*"], ["--all"], []),
        ([], ["web"], []),
        ([], ["web", "--only"], ["web"]),
    ],
)
def test_a_grant_adds_scripts_unless_it_says_only(pysched, first, arguments, scripts):
    pysched("add", "TOKEN", *(f"--script={one}" for one in first), given=VALUE)

    assert pysched("grant", "TOKEN", *arguments)[0] == 0
    assert listed(pysched)[0]["scripts"] == scripts


@pytest.mark.parametrize("arguments", [[], ["web", "--all"]])
def test_a_grant_to_nobody_or_to_some_and_all_is_wrong_usage(pysched, arguments):
    pysched("add", "TOKEN", given=VALUE)

    assert pysched("grant", "TOKEN", *arguments)[0] == 2


@pytest.mark.parametrize("command", [["remove"], ["grant", "--all"]])
def test_a_secret_that_is_not_there_is_an_error(pysched, command):
    code, _, error = pysched(*command, "NOBODY")

    assert (code, "no secret 'NOBODY'" in error) == (1, True)


def test_a_rotation_makes_a_new_key(pysched, tmp_path):
    pysched("add", "TOKEN", given=VALUE)
    before = (tmp_path / "data" / "secret.key").read_text()

    assert pysched("rotate") == (0, "1 secret encrypted with a new key\n", "")
    assert (tmp_path / "data" / "secret.key").read_text() != before


def test_a_new_value_of_the_variable_is_read_from_the_standard_input(pysched, monkeypatch):
    monkeypatch.setenv("PYSCHED_SECRET_KEY", "correct horse battery staple")
    pysched("add", "TOKEN", given=VALUE)
    code, output, _ = pysched("rotate", given="incorrect horse battery staple\n")

    assert (code, "start the server with the new PYSCHED_SECRET_KEY" in output) == (0, True)
    assert pysched("add", "OTHER", given=VALUE)[0] == 1
    monkeypatch.setenv("PYSCHED_SECRET_KEY", "incorrect horse battery staple")
    assert pysched("add", "OTHER", given=VALUE)[0] == 0


def test_a_placeholder_as_the_key_is_an_error(pysched, monkeypatch):
    monkeypatch.setenv("PYSCHED_SECRET_KEY", "your-secret-key")
    code, _, error = pysched("add", "TOKEN", given=VALUE)

    assert (code, "placeholder" in error) == (1, True)
