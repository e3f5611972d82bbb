"""The reference tells all there is: keys, settings, commands, routes, codes, variables."""

import ast
import re
from pathlib import Path

import pytest

from engine.config import SECRET_VARIABLES
from engine.environments.orphans import VARIABLE
from engine.errors import EngineError
from engine.model.environment import EnvironmentState
from engine.model.run import Cause, Outcome, RunStatus
from engine.model.status import ScriptStatus
from engine.spec.parse import FOLDER_KEYS, SCRIPT_KEYS
from schemas.settings import SECTIONS, SettingsFile
from tests.architecture.repository import REFERENCE, calls, modules, syntax, text_of
from tools.reference import blocks as marked
from tools.reference import commands, routes
from tools.reference.__main__ import blocks
from web.errors import STATUS_CODES

PROBLEM_MAKERS = {
    "problem", "problem_at", "Problem", "Mistake", "_mistake", "blame", "refusal", "reject",
    "_unreadable", "link_problem",
}  # fmt: skip
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
TRIGGER_KINDS = [place[1] for place in SCRIPT_KEYS if len(place) == 2]
NO_CODES = {"error", "warning", "triggers", "script", "folder", "at", "cron", "after", "name"}


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def chapter(name: str, title: str) -> str:
    """Return a page's text from a heading to the next one of its level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page(name), re.M | re.S)
    assert found, f"{name}.md has no chapter {title!r}"
    return found[1]


def first_cells(text: str) -> list[str]:
    """Return what stands between backticks in the first cell of each row of a text's tables."""
    rows = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def test_the_generated_tables_are_those_of_the_code():
    assert marked.outdated(REFERENCE, blocks()) == [], "run ./dev schemas"


def test_every_generated_table_is_on_a_page():
    used = {name for path in REFERENCE.glob("*.md") for name in marked.names(path.read_text())}

    assert set(blocks()) == used


def test_every_key_of_a_script_is_told():
    told = " ".join(first_cells(page("script-yaml")))
    missing = {
        key
        for keys in SCRIPT_KEYS.values()
        for key in keys
        if not re.search(rf"(^| |{{){re.escape(key)}\b", told) and key != "timezone"
    }

    assert missing == set()
    assert "`timezone`" in page("script-yaml")


def test_every_key_of_a_folder_is_told():
    assert set(FOLDER_KEYS[()]) <= set(first_cells(page("folder-yaml")))


def test_every_setting_is_told():
    wanted = {
        f"{section}.{key}"
        for section in SECTIONS
        for key in SettingsFile.model_fields[section].annotation.model_fields
    }

    assert wanted | {"debug"} == set(first_cells(page("settings")))


@pytest.mark.parametrize("name", commands.commands())
def test_every_command_is_told_with_its_options(name):
    found = re.search(rf"^### pysched {name}\n(.*?)(?=^### |^<!-- end)", page("cli"), re.M | re.S)

    assert found
    told = re.findall(r"(?<![\w-])--?[a-z][a-z-]*", " ".join(first_cells(found[1])))
    assert set(commands.options(commands.commands()[name])) == set(told)


def test_every_route_is_told_with_its_role():
    document = routes.application().openapi()
    wanted = [
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
    ]

    assert first_cells(chapter("http-api", "Endpoints")).count("GET /api/health") == 1
    assert [
        cell for cell in first_cells(chapter("http-api", "Endpoints")) if cell in wanted
    ] == wanted


def engine_errors() -> dict[str, type[EngineError]]:
    """Return the expected failures of the product by code, wherever they are defined."""
    for module in modules():
        if "EngineError" in text_of(module) and module.name != "__main__.py":
            __import__(".".join(module.with_suffix("").parts))
    found: dict[str, type[EngineError]] = {}

    def collect(kind: type[EngineError]) -> None:
        found.setdefault(kind.code, kind)
        for each in kind.__subclasses__():
            if each.__module__.partition(".")[0] in {"engine", "web"}:
                collect(each)

    collect(EngineError)
    return found


def codes_of_http() -> set[str]:
    """Return the codes of refusals that exist only in HTTP."""
    return {
        node.args[1].value
        for module in modules()
        for name, node in calls(module)
        if name == "HttpProblem" and len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
    }


def test_every_code_of_a_failure_is_told():
    told = first_cells(chapter("errors", "Answers of the HTTP API"))
    told += first_cells(chapter("errors", "On the command line alone"))

    assert codes_of_http()
    assert (codes_of_http() | set(engine_errors())) - set(told) == set()


def test_the_status_codes_of_failures_are_the_ones_told():
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", page("errors"), re.M)
    told = {code: int(status) for code, status in rows}

    assert {kind.code: status for kind, status in STATUS_CODES.items()}.items() <= told.items()


def codes_of_problems() -> set[str]:
    """Return the codes of problems: short constants handed to whatever makes a problem."""
    found: set[str] = set()
    for module in modules():
        for name, node in calls(module):
            if name in PROBLEM_MAKERS:
                given = [*node.args, *(each.value for each in node.keywords if each.arg == "code")]
                found |= {
                    each.value
                    for each in given
                    if isinstance(each, ast.Constant)
                    and isinstance(each.value, str)
                    and CODE.fullmatch(each.value)
                }
    return found - NO_CODES


def test_every_code_of_a_problem_is_told():
    told = set(first_cells(chapter("errors", "Problems of files")))

    assert len(codes_of_problems()) > 25
    assert codes_of_problems() - told == set()


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Run", RunStatus),
        ("Cause", Cause),
        ("Script", ScriptStatus),
        ("Outcome of an occurrence", Outcome),
        ("Environment", EnvironmentState),
    ],
)
def test_every_status_is_told_and_no_other(title, words):
    told = first_cells(chapter("statuses", title))

    assert sorted(told) == sorted(word.value for word in words)


def variables() -> set[str]:
    """Return the names of environment variables in the code."""
    strings = {
        node.value
        for module in modules()
        for node in ast.walk(syntax(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {name for name in strings if re.fullmatch(r"PYSCHED_[A-Z_]*[A-Z]", name)}


def test_every_variable_is_told():
    text = page("environment-variables")

    assert {VARIABLE, *SECRET_VARIABLES} <= variables()
    assert {name for name in variables() if f"`{name}`" not in text} == set()


def test_no_variable_is_told_that_the_code_does_not_know():
    told = set(re.findall(r"`(PYSCHED_[A-Z_]*[A-Z])`", page("environment-variables")))

    assert told <= variables()


def test_the_glossary_has_every_kind_of_trigger():
    glossary = text_of(Path("docs/glossary.md"))

    assert all(f"`{kind}`" in glossary for kind in TRIGGER_KINDS)
