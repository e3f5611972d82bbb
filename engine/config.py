"""Settle the settings: command line, then environment, then pysched.yaml, then default.

Every source is checked by itself, so that a message names the option, the
variable, or the line of the file that has to change, and all of them at once.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from engine.document.explain import Keys, explain
from engine.document.place import START, Place
from engine.document.read import read
from engine.document.reasons import reason_of, suggestion
from engine.errors import InvalidSettings
from engine.model.tree import Problem
from engine.model.user import FIRST_ADMIN, fault_of
from schemas.settings import (
    SECTIONS,
    EnvironmentSettings,
    PathSettings,
    Settings,
    SettingsFile,
)

SETTINGS_FILE = "pysched.yaml"
COMMAND_LINE = "command line"
OPTIONS = {"paths.scripts": "TREE", "log.format": "--log-format"}
"""Names on the command line that are not those of the key."""

NAMED_VARIABLES = {
    "PYSCHED_SCRIPTS_PATH": "paths.scripts",
    "PYSCHED_DATA_PATH": "paths.data",
    "PYSCHED_DEBUG": "debug",
    "PYSCHED_DEFAULT_SCRIPT_TIMEOUT": "defaults.timeout",
    "PYSCHED_DEFAULT_MEMORY_LIMIT": "defaults.memory",
    "PYSCHED_RATE_LIMIT_ENABLED": "rates.enabled",
    "SMTP_SERVER": "notifications.smtp_server",
    "SMTP_PORT": "notifications.smtp_port",
    "SMTP_USERNAME": "notifications.smtp_username",
    "FROM_EMAIL": "notifications.from_email",
}
"""Variables with a name of their own; every other key is `PYSCHED_<SECTION>__<KEY>`."""

SMTP_PASSWORD_VARIABLE = "SMTP_PASSWORD"  # noqa: S105
API_KEY_VARIABLE = "PYSCHED_DEFAULT_API_KEY"
SECRET_KEY_VARIABLE = "PYSCHED_SECRET_KEY"  # noqa: S105
ADMIN_PASSWORD_VARIABLE = "PYSCHED_ADMIN_PASSWORD"  # noqa: S105
SECRETS = {
    "api_key": API_KEY_VARIABLE,
    "secret_key": SECRET_KEY_VARIABLE,
    "smtp_password": SMTP_PASSWORD_VARIABLE,
    "admin_password": ADMIN_PASSWORD_VARIABLE,
}
"""Settings that are in no file, and the variables that they come from."""
SECRET_VARIABLES = (API_KEY_VARIABLE, SECRET_KEY_VARIABLE, ADMIN_PASSWORD_VARIABLE)

_SECTIONS: dict[str, type[BaseModel]] = {
    name: cast("type[BaseModel]", SettingsFile.model_fields[name].annotation) for name in SECTIONS
}
_FILE_KEYS: Keys = {
    (): tuple(SettingsFile.model_fields),
    **{(name,): tuple(model.model_fields) for name, model in _SECTIONS.items()},
}
_VARIABLE = re.compile(r"PYSCHED_([A-Z]+)__([A-Z_]+)\Z")
_PLACEHOLDER = re.compile(
    r"(your|insert|enter|put|replace|change-?me|change-?this|example|placeholder|todo).*|<.*>",
    re.IGNORECASE,
)
_GUESSABLE = re.compile(
    r"(my-?|the-?)?(super-?)?(secret|key|secret-?key|password|default|dev|test)"
)
"""Too little for the key that every secret is encrypted with."""


class _Given(NamedTuple):
    """One value from outside the file."""

    source: str
    """The variable or option, for messages."""
    key: str
    value: Any


def load_settings(
    *,
    overrides: Mapping[str, object] | None = None,
    environ: Mapping[str, str],
    directory: Path | None = None,
) -> Settings:
    """Return the settings in force, with absolute paths.

    `overrides` are the command line's, by keys such as `server.port`. `directory`
    is where `pysched.yaml` is looked for and what relative paths begin at; None
    is the current one. Raises InvalidSettings with a line for each mistake.
    """
    directory = (directory or Path.cwd()).resolve()
    mistakes: list[str] = []
    file = _from_file(directory / SETTINGS_FILE, mistakes)
    given = [*_from_environment(environ, mistakes), *_from_command_line(overrides or {})]
    values = _checked(given, mistakes)
    mistakes.extend(_unsafe_secrets(environ))
    mistakes.extend(_unsafe_admin(environ))
    if mistakes:
        raise InvalidSettings("\n".join(mistakes))
    sections: dict[str, Any] = {
        name: cast("BaseModel", getattr(file, name)).model_copy(update=values.get(name, {}))
        for name in SECTIONS
    }
    _make_absolute(sections, directory)
    variables = (API_KEY_VARIABLE, ADMIN_PASSWORD_VARIABLE, SMTP_PASSWORD_VARIABLE)
    key, password, smtp_password = (environ.get(variable) for variable in variables)
    secret_key = environ.get(SECRET_KEY_VARIABLE)
    return Settings(
        debug=values.get("", {}).get("debug", file.debug),
        api_key=SecretStr(key) if key else None,
        secret_key=SecretStr(secret_key) if secret_key else None,
        admin_password=SecretStr(password) if password else None,
        smtp_password=SecretStr(smtp_password) if smtp_password else None,
        directory=directory,
        origins=_origins(file, given, environ),
        **sections,
    )


def file_settings(directory: Path) -> tuple[bool, dict[str, BaseModel]]:
    """Return `debug` and the sections as the file alone has them, with absolute paths.

    Raises InvalidSettings with a line for each mistake.
    """
    mistakes: list[str] = []
    file = _from_file(directory / SETTINGS_FILE, mistakes)
    if mistakes:
        raise InvalidSettings("\n".join(mistakes))
    sections: dict[str, Any] = {name: getattr(file, name) for name in SECTIONS}
    _make_absolute(sections, directory)
    return file.debug, sections


def _origins(
    file: SettingsFile, given: Iterable[_Given], environ: Mapping[str, str]
) -> dict[str, str]:
    """Return where each value comes from that was given; what comes later wins."""
    found: dict[str, str] = {}
    for name in file.model_fields_set:
        section = getattr(file, name)
        keys = section.model_fields_set if name in SECTIONS else ()
        found |= dict.fromkeys([f"{name}.{key}" for key in keys] or [name], SETTINGS_FILE)
    found |= {one.key: one.source.removeprefix(f"{COMMAND_LINE}, ") for one in given}
    return found | {key: name for key, name in SECRETS.items() if environ.get(name)}


def _make_absolute(sections: dict[str, Any], directory: Path) -> None:
    paths: PathSettings = sections["paths"]
    scripts, data = _at(directory, paths.scripts), _at(directory, paths.data)
    sections["paths"] = paths.model_copy(update={"scripts": scripts, "data": data})
    environments: EnvironmentSettings = sections["environments"]
    pythons = [_at(directory, path) for path in environments.python_paths]
    sections["environments"] = environments.model_copy(update={"python_paths": pythons})


def _at(directory: Path, path: Path) -> Path:
    return (directory / path.expanduser()).resolve()


def _from_file(path: Path, mistakes: list[str]) -> SettingsFile:
    try:
        source = path.read_bytes()
    except FileNotFoundError:
        return SettingsFile()
    except OSError as error:
        mistakes.append(f"{path}: cannot be read: {error.strerror}; check its permissions")
        return SettingsFile()
    file, problems = _settings_file(source)
    mistakes.extend(map(str, problems))
    return file


def settings_problems(source: bytes) -> list[Problem]:
    """Return every mistake of a text that is to be a `pysched.yaml`, in its order."""
    return _settings_file(source)[1]


def _settings_file(source: bytes) -> tuple[SettingsFile, list[Problem]]:
    """Read a file; of one with mistakes of content only the defaults are known."""
    document = read(SETTINGS_FILE, source)
    problems = list(document.problems)
    try:
        file = SettingsFile.model_validate(document.data)
    except ValidationError as error:
        problems += explain(error, document, _FILE_KEYS)
        file = SettingsFile()
    places = {(problem.line, problem.column): problem for problem in reversed(problems)}
    return file, [places[place] for place in sorted(places)]


def _from_environment(environ: Mapping[str, str], mistakes: list[str]) -> Iterator[_Given]:
    for variable in sorted(environ):
        # Variables with names of their own come last in the order, and win.
        match = _VARIABLE.match(variable)
        if match is None or not environ[variable]:
            continue
        section, key = match[1].lower(), match[2].lower()
        if key in _FILE_KEYS.get((section,), ()):
            yield _Given(variable, f"{section}.{key}", _from_text(section, key, environ[variable]))
        else:
            known = [f"PYSCHED_{s}__{k}".upper() for s in SECTIONS for k in _FILE_KEYS[(s,)]]
            mistakes.append(f"{variable}: there is no such setting{suggestion(variable, known)}")
    for variable, name in NAMED_VARIABLES.items():
        text = environ.get(variable)
        if text:
            section, _, key = name.rpartition(".")
            yield _Given(variable, name, _from_text(section, key, _with_unit(variable, text)))


def _with_unit(variable: str, text: str) -> str:
    is_number = text.strip().isdecimal()
    return f"{text}MB" if is_number and variable == "PYSCHED_DEFAULT_MEMORY_LIMIT" else text


def _holds_paths(field: FieldInfo) -> bool:
    (item,) = get_args(field.annotation)
    return getattr(item, "__origin__", item) is Path


def _from_text(section: str, key: str, text: str) -> Any:
    """Return what a variable's text stands for; pydantic turns the rest of it into the type."""
    model = _SECTIONS.get(section, SettingsFile)
    field: FieldInfo = model.model_fields[key]
    if text.strip().lower() in {"none", "null"} and _takes_none(field):
        return None
    if field.annotation is not None and getattr(field.annotation, "__origin__", None) is list:
        return [one.strip() for one in text.split(os.pathsep if _holds_paths(field) else ",")]
    return text.strip()


def _takes_none(field: FieldInfo) -> bool:
    return field.default is None and not field.is_required()


def _from_command_line(overrides: Mapping[str, object]) -> Iterator[_Given]:
    for key, value in overrides.items():
        if value is not None:
            name = key.rpartition(".")[2].replace("_", "-")
            option = OPTIONS.get(key, f"--{name}")
            yield _Given(f"{COMMAND_LINE}, {option}", key, value)


def _checked(given: list[_Given], mistakes: list[str]) -> dict[str, dict[str, Any]]:
    """Return the valid values by section and key; what comes later wins."""
    values: dict[str, dict[str, Any]] = {}
    for source, name, value in given:
        section, _, key = name.rpartition(".")
        model = _SECTIONS.get(section, SettingsFile)
        try:
            # Variables and options are text, whatever the setting's type.
            section_values = model.model_validate({key: value}, strict=False)
        except ValidationError as error:
            place = Place(None, START, str(value), plain=True)
            _, reason = reason_of(error.errors(include_url=False)[0], place)
            mistakes.append(f"{source}: {reason}")
        else:
            values.setdefault(section, {})[key] = getattr(section_values, key)
    return values


def _unsafe_secrets(environ: Mapping[str, str]) -> Iterator[str]:
    for variable in SECRET_VARIABLES:
        value = environ.get(variable, "")
        if is_placeholder(value, of_all_secrets=variable == SECRET_KEY_VARIABLE):
            yield (
                f"{variable}: {value.strip()!r} is a placeholder that anybody would guess; "
                "set a value of your own, such as the output of `openssl rand -hex 32`"
            )


def is_placeholder(value: str, *, of_all_secrets: bool = False) -> bool:
    """Say whether anybody would guess a value; more is asked of the key `of_all_secrets`."""
    guessable = of_all_secrets and _GUESSABLE.fullmatch(_plain(value))
    return bool(guessable or _PLACEHOLDER.fullmatch(_plain(value)))


def _plain(value: str) -> str:
    return re.sub(r"[_\s]", "-", value.strip().lower())


def _unsafe_admin(environ: Mapping[str, str]) -> Iterator[str]:
    """Refuse a password that the account of the first start could not have; see `model.user`."""
    password = environ.get(ADMIN_PASSWORD_VARIABLE, "")
    fault = fault_of(password, FIRST_ADMIN) if password else None
    if fault and not is_placeholder(password):
        yield f"{ADMIN_PASSWORD_VARIABLE}: this password cannot be used: {fault}"
