"""The command line as a whole: help, usage, exit codes of wrong usage."""

import subprocess
import sys

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from web.cli.main import app

COMMANDS = sorted(get_command(app).commands)
CONTRACT = {
    "serve", "validate", "plan", "new", "run", "next", "status", "logs", "runs", "trigger",
    "cancel", "gc", "doctor", "schema", "key", "user", "notify", "secret",
}  # fmt: skip


def invoke(*arguments: str):
    return CliRunner().invoke(app, arguments)


def test_the_commands_of_the_contract_are_there():
    assert set(COMMANDS) == CONTRACT


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    one = get_command(app).commands[command]

    assert one.help
    assert all(parameter.help for parameter in one.params if parameter.name != "help")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_prints_its_help(command):
    assert invoke(command, "--help").exit_code == 0


def test_the_engine_command_is_not_offered():
    assert " engine " not in invoke("--help").output


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["validate", "--format", "xml"],
        ["next"],
        ["next", "a", "--cron", "* * * * *"],
        ["next", "--cron", "* * * * *", "-n", "0"],
        ["serve", "--port", "65536"],
        ["serve", "--on-stop", "explode"],
        ["logs"],
        ["cancel"],
        ["schema", "everything"],
    ],
)
def test_wrong_usage_is_two(arguments):
    assert invoke(*arguments).exit_code == 2


def test_the_version_is_told():
    assert invoke("--version").output.startswith("pysched ")


def test_a_schema_is_printed_for_each_file():
    assert [
        '"$schema"' in invoke("schema", which).output for which in ("script", "folder", "settings")
    ] == [True] * 3


def test_the_help_needs_neither_the_web_framework_nor_the_engine():
    heavy = ["fastapi", "pydantic", "httpx", "engine.service", "rich.table", "asyncio"]
    probe = f"import sys, web.cli.main; print([m for m in {heavy} if m in sys.modules])"

    found = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )

    assert found.stdout == "[]\n"


@pytest.mark.parametrize("name", ["add", "list", "remove"])
def test_every_command_about_keys_explains_itself(name):
    one = get_command(app).commands["key"].commands[name]

    assert one.help
    assert all(parameter.help for parameter in one.params if parameter.name != "help")
