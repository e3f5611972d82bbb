"""The settings in force over HTTP: where they come from, and no secrets."""

import pytest

from engine.config import SECRETS, load_settings
from schemas.settings import SECTIONS, SettingsFile
from tests.api.conftest import VIEWER_KEY

FILE = """
server: {port: 9000}
environments: {index_url: "https://ada:hush@mirror.example.com/simple"}
notifications: {to: ["ops@example.com", "slack://T00/hush/C00"]}
"""
ENVIRONMENT = {
    "PYSCHED_SERVER__HOST": "0.0.0.0",
    "PYSCHED_DEFAULT_SCRIPT_TIMEOUT": "90",
    "PYSCHED_DEFAULT_API_KEY": "hush-0123456789",
    "SMTP_PASSWORD": "hush",
}


@pytest.fixture
def told(call, engine, tmp_path):
    (tmp_path / "pysched.yaml").write_text(FILE)
    engine.settings = load_settings(
        overrides={"runs.on_stop": "leave", "log.format": "json"},
        environ=ENVIRONMENT,
        directory=tmp_path,
    )
    answer = call("GET", "/api/settings")
    return answer.text, {one["key"]: one for one in answer.json()["items"]}


@pytest.mark.parametrize(
    ("key", "value", "source", "given_by"),
    [
        ("server.port", 9000, "file", "pysched.yaml"),
        ("server.host", "0.0.0.0", "environment", "PYSCHED_SERVER__HOST"),
        ("defaults.timeout", "1m30s", "environment", "PYSCHED_DEFAULT_SCRIPT_TIMEOUT"),
        ("runs.on_stop", "leave", "command line", "--on-stop"),
        ("log.format", "json", "command line", "--log-format"),
        ("log.level", "info", "default", None),
        ("debug", False, "default", None),
        ("api_key", "***", "environment", "PYSCHED_DEFAULT_API_KEY"),
    ],
)
def test_a_setting_is_told_with_its_origin(told, key, value, source, given_by):
    found = told[1][key]

    assert (found["value"], found["source"], found["given_by"]) == (value, source, given_by)


def test_every_setting_is_told(told):
    keys = {
        f"{section}.{key}"
        for section in SECTIONS
        for key in SettingsFile.model_fields[section].annotation.model_fields
    }

    assert set(told[1]) == keys | {"debug", *SECRETS}
    assert all(one["description"] for one in told[1].values())


def test_no_secret_is_told(told):
    text, found = told

    assert "hush" not in text
    assert found["environments.index_url"]["value"] == "https://***@mirror.example.com/simple"
    assert found["notifications.to"]["value"] == ["ops@example.com", "slack://***"]


def test_only_an_admin_reads_the_settings(call):
    assert call("GET", "/api/settings", key=VIEWER_KEY).json()["code"] == "forbidden"


def test_a_change_is_written_and_told(call, engine, tmp_path):
    engine.settings = load_settings(environ={}, directory=tmp_path)
    body = {"values": {"server.port": 9001}, "reset": ["debug"]}
    answer = call("PUT", "/api/settings", json=body).json()

    assert answer == {"written": ["server.port"], "restart_needed": True, "overridden": {}}
    assert (tmp_path / "pysched.yaml").read_text() == "server:\n  port: 9001\n"


def test_what_waits_for_a_restart_is_told(call, engine, tmp_path):
    engine.settings = load_settings(environ={}, directory=tmp_path)
    before = call("GET", "/api/settings").json()["restart_needed"]
    call("PUT", "/api/settings", json={"values": {"server.port": 9001}})
    answer = call("GET", "/api/settings").json()
    port = next(one for one in answer["items"] if one["key"] == "server.port")

    assert (before, answer["restart_needed"]) == (False, True)
    assert (port["value"], port["next_value"]) == (8000, 9001)


def test_mistakes_that_somebody_made_since_are_told(call, engine, tmp_path):
    engine.settings = load_settings(environ={}, directory=tmp_path)
    (tmp_path / "pysched.yaml").write_text("server: {prot: 1}")

    assert "did you mean 'port'" in call("GET", "/api/settings").json()["mistakes"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"values": {"server.port": "many"}}, "invalid_settings"),
        ({"values": {"server.prot": 1}}, "invalid_input"),
        ({"values": []}, "validation_error"),
        ({"value": {}}, "validation_error"),
        ({"values": {"server.host": {"a": 1}}}, "validation_error"),
        ({"values": {"notifications.to": [[["deep"]]]}}, "validation_error"),
    ],
)
def test_a_change_that_cannot_be_is_refused(call, engine, tmp_path, body, code):
    engine.settings = load_settings(environ={}, directory=tmp_path)
    answer = call("PUT", "/api/settings", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert list(tmp_path.iterdir()) == []
