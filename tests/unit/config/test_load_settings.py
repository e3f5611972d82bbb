"""Where settings come from, which source wins, and what is said of a bad value."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from engine.config import NAMED_VARIABLES, load_settings
from engine.errors import InvalidSettings
from schemas.settings import SECTIONS, SettingsFile, automatic_concurrency

EXAMPLE = Path(__file__).parents[3] / "pysched.yaml.example"


def settings(directory: Path, file: str = "", environ=None, overrides=None):
    if file:
        (directory / "pysched.yaml").write_text(file, encoding="utf-8")
    return load_settings(overrides=overrides, environ=environ or {}, directory=directory)


def mistakes(directory: Path, **sources) -> list[str]:
    with pytest.raises(InvalidSettings) as caught:
        settings(directory, **sources)
    return str(caught.value).splitlines()


def test_without_any_source_all_is_default(tmp_path):
    found = settings(tmp_path)

    assert (found.server.host, found.server.port) == ("127.0.0.1", 8000)
    assert found.runs.max_concurrent == automatic_concurrency() >= 2


def test_the_command_line_wins_over_the_environment_over_the_file(tmp_path):
    sources = {
        "file": "server: {port: 1, host: file}\nruns: {on_stop: leave}\n",
        "environ": {"PYSCHED_SERVER__PORT": "2", "PYSCHED_SERVER__HOST": "environ"},
        "overrides": {"server.port": 3},
    }

    found = settings(tmp_path, **sources)

    assert (found.server.port, found.server.host, found.runs.on_stop) == (3, "environ", "leave")


def test_paths_begin_at_the_directory_of_the_file(tmp_path):
    found = settings(tmp_path, "paths: {scripts: tree}\nenvironments: {python_paths: [py]}\n")

    assert found.paths.scripts == tmp_path / "tree"
    assert found.paths.data == tmp_path / "data"
    assert found.environments.python_paths == [tmp_path / "py"]


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("PYSCHED_DATA_PATH", "/d", ("paths", "data", Path("/d"))),
        ("PYSCHED_SCRIPTS_PATH", "/s", ("paths", "scripts", Path("/s"))),
        ("PYSCHED_DEFAULT_SCRIPT_TIMEOUT", "300", ("defaults", "timeout", timedelta(minutes=5))),
        ("PYSCHED_DEFAULT_MEMORY_LIMIT", "512", ("defaults", "memory", 512_000_000)),
        ("PYSCHED_DEFAULT_MEMORY_LIMIT", "1GiB", ("defaults", "memory", 1 << 30)),
        ("PYSCHED_RECONCILE__POLLING", "true", ("reconcile", "polling", True)),
        (
            "PYSCHED_RECONCILE__DEBOUNCE",
            "50ms",
            ("reconcile", "debounce", timedelta(milliseconds=50)),
        ),
        ("PYSCHED_RUNS__MAX_CONCURRENT", "7", ("runs", "max_concurrent", 7)),
        ("PYSCHED_RATE_LIMIT_ENABLED", "false", ("rates", "enabled", False)),
        (
            "PYSCHED_SERVER__TRUSTED_PROXIES",
            "10.0.0.0/8, ::1",
            ("server", "trusted_proxies", ["10.0.0.0/8", "::1/128"]),
        ),
        ("PYSCHED_DEFAULTS__PYTHON", "3.12", ("defaults", "python", "3.12")),
        (
            "PYSCHED_ENVIRONMENTS__PYTHON_PATHS",
            "/a:/b",
            ("environments", "python_paths", [Path("/a"), Path("/b")]),
        ),
    ],
)
def test_a_variable_is_read(tmp_path, variable, text, expected):
    section, key, value = expected

    assert getattr(getattr(settings(tmp_path, environ={variable: text}), section), key) == value


def test_a_public_address_is_written_without_the_slash_at_its_end(tmp_path):
    found = settings(tmp_path, environ={"PYSCHED_SERVER__PUBLIC_URL": "https://a.example/"})

    assert found.server.public_url == "https://a.example"


def test_none_in_a_variable_takes_back_what_the_file_says(tmp_path):
    environ = {"PYSCHED_DEFAULTS__TIMEOUT": "none"}

    assert settings(tmp_path, "defaults: {timeout: 5m}", environ).defaults.timeout is None


def test_an_empty_variable_says_nothing(tmp_path):
    assert settings(tmp_path, environ={"PYSCHED_SERVER__PORT": "", "PYSCHED_DEBUG": ""})


def test_debug_beats_the_log_level(tmp_path):
    assert settings(tmp_path, environ={"PYSCHED_DEBUG": "1"}).log_level == "debug"
    assert settings(tmp_path).log_level == "info"


def test_the_api_key_is_not_shown(tmp_path):
    found = settings(tmp_path, environ={"PYSCHED_DEFAULT_API_KEY": "k3y"})

    assert found.api_key is not None
    assert found.api_key.get_secret_value() == "k3y"
    assert "k3y" not in repr(found)


def test_the_api_key_cannot_be_in_the_file(tmp_path):
    assert mistakes(tmp_path, file="api_key: x\n") == [
        "pysched.yaml:1:1: error: unknown key 'api_key'"
    ]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("server: {prot: 1}", "1:10: error: unknown key 'prot' (did you mean 'port'?)"),
        ("port: 1", "1:1: error: unknown key 'port' (it belongs under 'server')"),
        ("server:\n  port: '80'", "2:9: error: port: must be a whole number, not text; remove"),
        ("server: {port: 65536}", "1:16: error: port: must be at most 65535, not 65536"),
        ("runs: {max_concurrent: 0}", "1:24: error: max_concurrent: must be at least 1, not 0"),
        ("defaults: {timezone: Mars}", "1:22: error: timezone: unknown time zone 'Mars'"),
        ("a: [", "1:5: error: not valid YAML"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(tmp_path, file, expected):
    (line,) = mistakes(tmp_path, file=file)

    assert line.startswith(f"pysched.yaml:{expected}")


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("PYSCHED_SERVER__PORT", "http", "must be a whole number, not 'http'"),
        ("PYSCHED_SERVER__TRUSTED_PROXIES", "10.0.0.0/8,proxy", "'proxy' is neither an"),
        ("PYSCHED_DEBUG", "maybe", "must be true or false, not 'maybe'"),
        ("PYSCHED_LOG__LEVEL", "inof", "must be 'debug', 'info', 'warning' or 'error', not 'inof'"),
        ("PYSCHED_DEFAULT_SCRIPT_TIMEOUT", "soon", "'soon' is not a duration; write 90"),
        ("PYSCHED_DEFAULT_MEMORY_LIMIT", "lots", "'lots' is not a size; write"),
        ("PYSCHED_SERVER__PUBLIC_URL", "example.com", "'example.com' is no web address; write"),
        ("PYSCHED_SERVER__PUBLIC_URL", "https://a:port", "'https://a:port' is no web address"),
        ("PYSCHED_SERVER__PUBLIC_URL", "https://u@a", "'https://u@a' is no web address"),
        (
            "PYSCHED_RUNS__MAX_CONCURENT",
            "1",
            "there is no such setting (did you mean 'PYSCHED_RUNS__",
        ),
    ],
)
def test_a_mistake_in_a_variable_names_it(tmp_path, variable, text, expected):
    (line,) = mistakes(tmp_path, environ={variable: text})

    assert line.startswith(f"{variable}: {expected}")


def test_a_mistake_on_the_command_line_names_the_option(tmp_path):
    assert mistakes(tmp_path, overrides={"server.port": 99999}) == [
        "command line, --port: must be at most 65535, not 99999"
    ]


def test_every_mistake_of_every_source_is_told_at_once(tmp_path):
    told = mistakes(
        tmp_path,
        file="debug: 1\nlog: {level: x}\n",
        environ={"PYSCHED_SERVER__PORT": "x", "PYSCHED_SECRET_KEY": "changeme"},
        overrides={"server.port": -1},
    )

    assert [re.split(r": |,", line)[0] for line in told] == [
        "pysched.yaml:1:8",
        "pysched.yaml:2:14",
        "PYSCHED_SERVER__PORT",
        "command line",
        "PYSCHED_SECRET_KEY",
    ]


@pytest.mark.parametrize(
    "value",
    ["your-secret-key", "your_secret_key_here", "CHANGE-ME", "<key>", "secret", "my-secret-key"],
)
def test_a_placeholder_is_no_secret_key(tmp_path, value):
    (line,) = mistakes(tmp_path, environ={"PYSCHED_SECRET_KEY": value})

    assert "is a placeholder that anybody would guess" in line


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("changeme", "is a placeholder"),
        ("your-password", "is a placeholder"),
        ("admin", "at least 10 characters"),
        ("password1234", "tried first"),
        ("admin-12345", "name of the account"),
        ("aaaaaaaaaaaa", "different characters"),
    ],
)
def test_a_password_of_the_admin_that_is_soon_guessed_is_refused(tmp_path, password, reason):
    (line,) = mistakes(tmp_path, environ={"PYSCHED_ADMIN_PASSWORD": password})

    assert line.startswith("PYSCHED_ADMIN_PASSWORD: ")
    assert reason in line


def test_the_password_of_the_admin_is_not_shown(tmp_path):
    found = settings(tmp_path, environ={"PYSCHED_ADMIN_PASSWORD": "correct horse battery"})

    assert found.admin_password.get_secret_value() == "correct horse battery"
    assert "correct horse" not in repr(found)


def test_an_empty_password_of_the_admin_is_none(tmp_path):
    assert settings(tmp_path, environ={"PYSCHED_ADMIN_PASSWORD": ""}).admin_password is None


@pytest.mark.parametrize("value", ["5f3a9c0e77", "correct horse battery staple"])
def test_a_real_secret_key_is_accepted(tmp_path, value):
    assert settings(tmp_path, environ={"PYSCHED_SECRET_KEY": value})


def test_the_example_says_what_is_default(tmp_path):
    default = settings(tmp_path)

    found = settings(tmp_path, EXAMPLE.read_text(encoding="utf-8"))
    assert found.model_copy(update={"origins": {}}) == default


def test_the_example_is_valid_to_other_readers_of_yaml():
    assert SettingsFile.model_validate(yaml.safe_load(EXAMPLE.read_text())) == SettingsFile()


def test_the_example_shows_every_key_with_an_explanation():
    shown = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()

    for section in SECTIONS:
        model = SettingsFile.model_fields[section].annotation
        assert list(shown[section]) == list(model.model_fields)
        for key in shown[section]:
            at = next(n for n, line in enumerate(lines) if line.startswith(f"  {key}:"))
            assert lines[at - 1].strip().startswith("#")


def test_the_example_names_every_variable_with_a_name_of_its_own():
    text = EXAMPLE.read_text(encoding="utf-8")

    assert [name for name in NAMED_VARIABLES if name not in text] == []


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "pysched.yaml").mkdir()

    (line,) = mistakes(tmp_path)

    assert "cannot be read" in line
